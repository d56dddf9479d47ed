// Finding and sorting classes. Without scripts the page shows the same lists, best first.
const list = document.querySelector(".classes.all");
const controls = document.querySelector(".find");
if (list && controls) {
  const items = [...list.children];
  const [search, order, found] = controls.querySelectorAll("input, select, output");
  const number = (item, key) => Number(item.dataset[key]);
  const orders = {
    best: (a, b) => number(b, "iou") - number(a, "iou"),
    worst: (a, b) => number(a, "iou") - number(b, "iou"),
    boundary: (a, b) => number(b, "boundary") - number(a, "boundary"),
    images: (a, b) => number(b, "images") - number(a, "images"),
    name: (a, b) => a.dataset.name.localeCompare(b.dataset.name),
    id: (a, b) => number(a, "id") - number(b, "id"),
  };
  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const item of items) {
      const text = `${item.dataset.name.toLowerCase()} ${item.dataset.id}`;
      item.hidden = !words.every((word) => text.includes(word));
      shown += !item.hidden;
    }
    found.value = search.value ? `${shown} of ${items.length}` : "";
    if (search.value) list.closest("details")?.setAttribute("open", "");
  };
  search.addEventListener("input", show);
  order.addEventListener("change", () => {
    list.append(...items.sort(orders[order.value]));
    list.closest("details")?.setAttribute("open", "");
  });
  controls.hidden = false;
}
