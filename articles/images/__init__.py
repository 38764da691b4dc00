"""Images of articles: fetching, rendering small safe copies, keeping them.

``keeping`` runs it all for many addresses, ``fetching`` gets one, ``renditions`` makes the copies
(pure Pillow, run in separate processes by ``render_process``), and ``files`` reads and writes the
storage. This module imports nothing, because those processes run without Django.
"""
