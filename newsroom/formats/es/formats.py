"""How Spanish pages write times: short, on a 24-hour clock, with the zone."""

DATETIME_FORMAT = "j M Y H:i T"
