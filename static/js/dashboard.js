/* Draws the charts of the dashboard from the data of the page; each has its table for who cannot see it. */
"use strict";

(() => {
  const source = document.getElementById("chart-data");
  if (!source || typeof Chart === "undefined") return;
  const data = JSON.parse(source.textContent);
  const drawn = [];

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // Filled for reached, hollow for the rest: told apart without colour.
  const filled = (label, values) => ({ label, data: values, backgroundColor: colour("--primary"), borderColor: colour("--primary"), borderWidth: 1 });
  const hollow = (label, values) => ({ label, data: values, backgroundColor: colour("--surface"), borderColor: colour("--line-strong"), borderWidth: 1 });

  function options({ stacked = false, horizontal = false, percent = false, legend = false } = {}) {
    const unit = percent ? (value) => `${value} %` : (value) => value;
    const counts = {
      beginAtZero: true,
      stacked,
      max: percent ? 100 : undefined,
      ticks: { color: colour("--ink-soft"), precision: 0, callback: unit },
      grid: { color: colour("--line") },
    };
    const names = { stacked, ticks: { color: colour("--ink-soft"), autoSkip: !horizontal, maxRotation: 60 }, grid: { display: false } };
    return {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      indexAxis: horizontal ? "y" : "x",
      scales: horizontal ? { x: counts, y: names } : { x: names, y: counts },
      plugins: {
        legend: { display: legend, position: "bottom", labels: { color: colour("--ink"), boxWidth: 14 } },
        tooltip: { callbacks: { label: (item) => `${item.dataset.label} : ${unit(horizontal ? item.parsed.x : item.parsed.y)}` } },
      },
    };
  }

  function draw(id, labels, datasets, choice) {
    const canvas = document.getElementById(id);
    if (canvas) drawn.push(new Chart(canvas, { type: "bar", data: { labels, datasets }, options: options(choice) }));
  }

  function drawAll() {
    while (drawn.length) drawn.pop().destroy();
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.font.size = 13;
    draw("chart-hours", data.hours.labels, [filled("Appels avec un échange", data.hours.percent)], { percent: true });
    draw("chart-days", data.days.labels, [filled("Avec un échange", data.days.reached), hollow("Sans échange", data.days.others)], { stacked: true, legend: true });
    draw("chart-communes", data.communes.labels, [filled("Besoins", data.communes.totals)], { horizontal: true });
  }

  drawAll();
  // The colours of the page change with the system's.
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  window.addEventListener("beforeprint", () => drawn.forEach((chart) => chart.resize()));
})();
