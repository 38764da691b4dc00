"""Time formats of English pages: short, on a 24-hour clock, with the zone."""

DATETIME_FORMAT = "M j, Y H:i T"
