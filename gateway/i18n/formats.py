"""provisional"""
from functools import lru_cache
from datetime import *
from zoneinfo import ZoneInfo
class Unreadable(ValueError): pass
class Formats:
    def __init__(self,p): self.preferences=p; self.zone=ZoneInfo(p.time_zone)
    def moment(self,d): return d.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")
    def day(self,d): return d.isoformat()
    def time(self,d): return d.astimezone(self.zone).strftime("%H:%M")
    def money(self,a,c): return f"{a} {c}"
    def number(self,n): return f"{n:,}"
    def duration(self,s): return f"{s//60}:{s%60:02}"
    def bytes(self,n): return f"{n} B"
    def read_day(self,t):
        try: return date.fromisoformat(t)
        except ValueError: raise Unreadable("Write a day as YYYY-MM-DD, such as 2026-03-12.")
    def midnight(self,d): return datetime.combine(d,time(),self.zone)
    def example_day(self): return "2026-03-12"
@lru_cache
def formats_for(p): return Formats(p)
