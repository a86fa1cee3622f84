// The labels as files, put together here from the page's data: `records` says what of an item, `about` what of the rest.

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

function clusterFacts(direction) {
  return direction.clusters.map(({ index, size, meanAffinity, noChange }) => ({ index, size, mean_affinity: meanAffinity, is_no_change: noChange }));
}

function asJson() {
  return JSON.stringify({ ...about(), n_items: DATA.total, is_sample: COUNT < DATA.total, items: records() }, null, 1);
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
