"""Time formats of Spanish pages: short, on a 24-hour clock, with the zone."""

DATETIME_FORMAT = "j M Y H:i T"
