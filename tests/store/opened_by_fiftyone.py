"""Run by a Python that has FiftyOne: import the folder, and print what it holds as JSON.

``python opened_by_fiftyone.py FOLDER``, with ``FIFTYONE_DATABASE_URI`` naming a MongoDB server where the library brings
none of its own for this system.
"""

import json
import sys

import fiftyone as fo

dataset = fo.Dataset.from_dir(
    sys.argv[1], dataset_type=fo.types.FiftyOneDataset, name=f"repdiff-{fo.__version__}", overwrite=True
)
try:
    samples = list(dataset)
    views = {name: len(dataset.load_saved_view(name)) for name in dataset.list_saved_views()}
    descriptions = {view.name: view.description for view in dataset._doc.saved_views}
    maps = {key: dataset.load_brain_results(key).points.tolist() for key in dataset.list_brain_runs()}
    told = {
        "fields": sorted(dataset.get_field_schema()),
        "ids": [sample["item_id"] for sample in samples],
        "files": [sample.filepath for sample in samples],
        "tags": [sample.tags for sample in samples],
        "x_only": [sample["x_only"].label for sample in samples],
        "x_only_tags": [sample["x_only"].tags for sample in samples],
        "x_map": [sample["x_map"] for sample in samples],
        "nearest_y": [sample["nearest_y"] for sample in samples],
        "count": dataset.count_values("x_only.label"),
        "views": views,
        "descriptions": descriptions,
        "maps": maps,
        "first": {name: samples[0][name] for name in ("weight", "count", "flag")} if "weight" in samples[0] else {},
    }
finally:
    dataset.delete()
print(json.dumps(told))
