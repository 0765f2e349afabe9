(() => {
  const made = document.getElementById("made"), old = document.getElementById("old"), age = document.getElementById("age");
  const units = [[86400, "d"], [3600, "h"], [60, "m"]];
  const look = () => {
    const seconds = (Date.now() - Date.parse(made.dateTime)) / 1000;
    const [size, unit] = units.find(([size]) => seconds >= size) ?? [60, "m"];
    age.textContent = Math.floor(seconds / size) + " " + unit;
    old.hidden = !(seconds > Number(made.dataset.oldAfter));
  };
  look();
  setInterval(look, 30000);
})();
