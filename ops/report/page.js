// Searches, filters and sorts the images of the page. Without it, all are shown, worst first.
const filter = document.getElementById("filter");
const list = document.getElementById("images");
const images = [...list.querySelectorAll(".image")];
const runs = (image, name, wanted) => !wanted || JSON.parse(image.dataset[name]).includes(wanted);
const texts = new Map(images.map(image => [image, image.textContent.toLowerCase()]));

const number = name => (one, other) => Number(other.dataset[name]) - Number(one.dataset[name]);
// What has no such text comes last.
const text = name => ({dataset: one}, {dataset: other}) =>
  !one[name] - !other[name] || one[name].localeCompare(other[name]);
const orders = {
  worst: (one, other) => images.indexOf(one) - images.indexOf(other),
  name: text("name"),
  workloads: number("workloads"),
  since: text("since"),
  notified: text("notified"),
  scanned: text("scanned"),
};

function isShown(image, wanted) {
  const words = wanted.get("search").toLowerCase().split(/\s+/);
  return words.every(word => texts.get(image).includes(word))
    && ["", image.dataset.verdict].includes(wanted.get("verdict"))
    && runs(image, "locations", wanted.get("location"))
    && runs(image, "teams", wanted.get("team"));
}

function update() {
  const wanted = new FormData(filter);
  for (const image of images) image.hidden = !isShown(image, wanted);
  list.append(...[...images].sort(orders[wanted.get("sort")]));
  const shown = images.filter(image => !image.hidden).length;
  document.getElementById("shown").textContent = `${shown} of ${images.length} images`;
}

// A link to an image shows it, whatever the filter is.
function follow() {
  const image = location.hash && document.getElementById(location.hash.slice(1));
  if (!images.includes(image)) return;
  filter.reset();
  update();
  for (const details of image.querySelectorAll("details")) details.open = true;
  image.scrollIntoView();
}

filter.hidden = false;
filter.addEventListener("input", update);
filter.addEventListener("submit", event => event.preventDefault());
for (const link of document.querySelectorAll("[data-location]")) {
  link.addEventListener("click", () => {
    filter.elements.location.value = link.dataset.location;
    update();
  });
}
addEventListener("hashchange", follow);
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
update();
follow();
