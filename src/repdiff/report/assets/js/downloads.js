// The labels as files, put together here from the page's data.

function records() {
  const noChange = (direction, place) => clusterOf(direction, place).noChange;
  return allPlaces().map((place) => {
    const record = {
      id: ITEMS.ids[place],
      x_only: DIRECTIONS.x_only.labels[place],
      y_only: DIRECTIONS.y_only.labels[place],
      x_only_no_change: noChange("x_only", place),
      y_only_no_change: noChange("y_only", place),
    };
    if (ITEMS.labels) record.label = ITEMS.labels[place];
    for (const side of ["x", "y"]) {
      if (ITEMS.predictions[side]) record[`prediction_${side}`] = ITEMS.predictions[side][place];
      record[`${side}_component_1`] = rounded(COORDINATES[side][2 * place]);
      record[`${side}_component_2`] = rounded(COORDINATES[side][2 * place + 1]);
    }
    return record;
  });
}

const rounded = (value) => Number(value.toPrecision(6));

// A spreadsheet takes text that begins so for a formula; a quote in front keeps it text. Numbers are left alone.
const FORMULA = /^[=+\-@\t\r\n]/;
const NUMBER = /^[+-]?\d+(\.\d*)?(e[+-]?\d+)?$/i;

function csvCell(value) {
  const text = FORMULA.test(value) && !NUMBER.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function asCsv() {
  const rows = records();
  const columns = Object.keys(rows[0]);
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  return lines.map((cells) => cells.map(csvCell).join(",")).join("\r\n") + "\r\n";
}

function asJson() {
  const names = { x: DATA.names[0], y: DATA.names[1] };
  const clusters = Object.fromEntries(
    Object.entries(DATA.directions).map(([name, direction]) => [
      name,
      direction.clusters.map(({ index, size, meanAffinity, noChange }) => ({ index, size, mean_affinity: meanAffinity, is_no_change: noChange })),
    ]),
  );
  return JSON.stringify({ names, n_items: DATA.total, is_sample: COUNT < DATA.total, clusters, items: records() }, null, 1);
}

function download(name, kind, text) {
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([text], { type: kind }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function startDownloads() {
  document.getElementById("download-csv").addEventListener("click", () => download("repdiff-labels.csv", "text/csv", asCsv()));
  document.getElementById("download-json").addEventListener("click", () => download("repdiff-labels.json", "application/json", asJson()));
}
