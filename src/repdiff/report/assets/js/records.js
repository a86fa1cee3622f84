// What the downloads say of one comparison.

function records() {
  const { directions, coordinates } = FRAMES[0];
  const noChange = ({ clusters, labels }, place) => clusters[labels[place]].noChange;
  return allPlaces().map((place) => {
    const record = {
      id: ITEMS.ids[place],
      x_only: directions.x_only.labels[place],
      y_only: directions.y_only.labels[place],
      x_only_no_change: noChange(directions.x_only, place),
      y_only_no_change: noChange(directions.y_only, place),
    };
    if (ITEMS.labels) record.label = ITEMS.labels[place];
    for (const side of ["x", "y"]) {
      if (ITEMS.predictions[side]) record[`prediction_${side}`] = ITEMS.predictions[side][place];
      record[`${side}_component_1`] = rounded(coordinates[side][2 * place]);
      record[`${side}_component_2`] = rounded(coordinates[side][2 * place + 1]);
    }
    return record;
  });
}

function about() {
  const { names, directions } = FRAMES[0];
  return { names, clusters: Object.fromEntries(Object.entries(directions).map(([name, direction]) => [name, clusterFacts(direction)])) };
}
