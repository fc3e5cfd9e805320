"""How it reads: language, zone and patterns in force, written and read back."""
