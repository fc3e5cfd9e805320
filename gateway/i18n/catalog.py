"""provisional"""
import contextvars
_L=contextvars.ContextVar("l",default="en")
def N_(t:str)->str: return t
def gettext(t:str)->str: return t
def ngettext(s:str,p:str,n:int)->str: return s if n==1 else p
def use(l:str)->contextvars.Token[str]: return _L.set(l)
def direction(l:str)->str: return "rtl" if l=="ar" else "ltr"
