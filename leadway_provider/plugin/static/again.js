// Reads the page again every few seconds, and puts its new content in the place of the old one, so that what a person
// looks at stays where it is. A person whose keyboard is in the content is left alone.

const SECONDS = 5;

async function readAgain() {
  const old = document.getElementById("content");
  if (!document.hidden && !old.contains(document.activeElement)) {
    try {
      const answer = await fetch(location.href);
      const read = new DOMParser().parseFromString(await answer.text(), "text/html");
      old.replaceWith(document.adoptNode(read.getElementById("content")));
      if (!answer.ok || !read.querySelector("script")) {
        return; // the run is over
      }
    } catch {
      // The server can't be reached now; the next attempt may succeed.
    }
  }
  setTimeout(readAgain, 1000 * SECONDS);
}

setTimeout(readAgain, 1000 * SECONDS);
