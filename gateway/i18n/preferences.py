"""provisional"""
from dataclasses import dataclass
@dataclass(frozen=True,slots=True)
class Preferences:
    language:str; time_zone:str; output_date:str; output_time:str; input_date:str; input_time:str
GATEWAY_DEFAULTS=Preferences("en","UTC","YYYY-MM-DD","HH24:MI:SS","YYYY-MM-DD","HH24:MI")
