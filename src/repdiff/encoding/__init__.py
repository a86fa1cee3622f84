"""Models and items -> embeddings on disk.

``pipeline.py`` reads as the list of steps. ``sources.py`` lists what is to be encoded, ``models/`` has one file per
kind of model, ``decoders.py`` and ``worker.py`` open images in processes of their own, ``batches.py`` keeps them ahead
of the model, ``shards.py`` keeps what is done, and ``writers.py`` and ``manifest.py`` make the finished files of it.
"""
