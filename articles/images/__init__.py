"""Images of articles: fetching them, rendering small safe copies, and storing the copies.

``keeping`` does all of this for many URLs, ``fetching`` fetches one URL, ``renditions`` makes the
copies (with Pillow only, in separate processes started by ``render_process``), and ``files`` reads
and writes the storage. This module imports nothing, because the processes run without Django.
"""
