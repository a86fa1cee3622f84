"""Models and items -> embeddings on disk.

``pipeline.py`` lists the steps. ``sources.py`` lists the items to encode, ``models/`` has one file per kind of model,
``decoders.py`` and ``worker.py`` open images in separate processes, ``batches.py`` prepares them ahead of the model,
``shards.py`` stores finished parts, and ``writers.py`` and ``manifest.py`` turn these into the final files.
"""
