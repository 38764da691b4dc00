# A Varnish in front of "manage.py serve" that serves pages for ten minutes while the site is down.
# Set PURGE_URL=http://127.0.0.1:6081/ (this Varnish) for the site and its workers.
vcl 4.1;

import std;

backend default {
    .host = "127.0.0.1";
    .port = "8000";
}

# The machines of the workers.
acl workers {
    "127.0.0.1";
    "::1";
}

sub vcl_recv {
    if (req.method == "PURGE") {
        # A comma: a proxy in front of this one, on the same machine, passed on a stranger's request.
        if (client.ip !~ workers || req.http.X-Forwarded-For ~ ",") {
            return (synth(403));
        }
        ban("obj.status != 0");
        return (synth(200));
    }
    # While the site answers, no page is served after s-maxage and stale-while-revalidate.
    if (req.restarts == 0) {
        set req.grace = 2s;
    } else {
        set req.grace = 10m;
    }
    # Pages for everybody do not depend on cookies.
    if (req.url !~ "^/(admin|api/v1/newsdesk)/") {
        unset req.http.Cookie;
    }
}

sub vcl_backend_response {
    # Varnish does not read stale-if-error by itself.
    if (beresp.http.Cache-Control ~ "stale-if-error=\d+") {
        set beresp.grace = std.duration(
            regsub(beresp.http.Cache-Control, ".*stale-if-error=(\d+).*", "\1s"), 0s);
    }
}

sub vcl_deliver {
    # The site is down: look again for a page that may be served then.
    if (resp.status >= 500 && req.restarts == 0 && req.method ~ "^(GET|HEAD)$") {
        return (restart);
    }
}
