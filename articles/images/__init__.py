"""Images of articles: fetching, rendering small safe copies, storing them.

``keeping`` does this for many URLs, ``fetching`` fetches one, ``renditions`` makes the copies
(pure Pillow, run in separate processes by ``render_process``), and ``files`` reads and writes the
storage. This module imports nothing, because those processes run without Django.
"""
