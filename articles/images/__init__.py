"""Images of articles: fetched, made small and safe, and kept here.

``keeping`` does the whole of it for many, ``fetching`` gets one, ``renditions`` makes what readers
see of it (pure Pillow, in processes of its own: ``workshop``), ``files`` knows what lies in storage.
Imports nothing here, because those processes need no Django.
"""
