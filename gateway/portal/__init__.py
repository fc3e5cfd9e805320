"""The porch: all that a portal may import from the gateway.

A portal is a folder that declares one `Portal`. It marks its views with `belongs_to`, loads its rows for the visitor,
and draws with `render`; who may see what is the gateway's business.
"""

from flask import Blueprint

from gateway import cells
from gateway.access.levels import Level
from gateway.access.structure import Page, Root, Tab
from gateway.access.visitor import Visitor
from gateway.audit.operations import record
from gateway.db import AnyRow, AnySelect, Base, Id, Prepared, UTCDateTime, new_id, rows_changed
from gateway.errors import Invalid, NotFound, Stale
from gateway.i18n.catalog import N_, gettext, ngettext
from gateway.i18n.formats import Formats, Unreadable
from gateway.importing import Beside, Field, Importer, Key, Line
from gateway.paging import PAGE_SIZE, decode_cursor, page_of
from gateway.paging import Page as PageOfRows
from gateway.portal.charts import Chart, chart
from gateway.portal.customers import resolve_customers
from gateway.portal.declaration import Portal
from gateway.portal.pages import csv_answer, days_asked, next_links, query_text, render, search_part, today
from gateway.web.current import formats, now, reader, visitor, writer
from gateway.web.fields import DayField, MomentField
from gateway.web.marks import belongs_to
from gateway.web.redirects import see

__all__ = [
    "N_",
    "PAGE_SIZE",
    "AnyRow",
    "AnySelect",
    "Base",
    "Beside",
    "Blueprint",
    "Chart",
    "DayField",
    "Field",
    "Formats",
    "Id",
    "Importer",
    "Invalid",
    "Key",
    "Level",
    "Line",
    "MomentField",
    "NotFound",
    "Page",
    "PageOfRows",
    "Portal",
    "Prepared",
    "Root",
    "Stale",
    "Tab",
    "UTCDateTime",
    "Unreadable",
    "Visitor",
    "belongs_to",
    "cells",
    "chart",
    "csv_answer",
    "days_asked",
    "decode_cursor",
    "formats",
    "gettext",
    "new_id",
    "next_links",
    "ngettext",
    "now",
    "page_of",
    "query_text",
    "reader",
    "record",
    "render",
    "resolve_customers",
    "rows_changed",
    "search_part",
    "see",
    "today",
    "visitor",
    "writer",
]
