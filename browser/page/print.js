/**
 * Before a page is printed, marks the links to other sites, whose addresses wiki.css then writes out. By address alone
 * they could not be told apart: the theme makes those of the site's own pages absolute too.
 */
addEventListener("beforeprint", () => {
  for (const link of document.links) {
    link.toggleAttribute("data-wiki-address", /^http/.test(link.protocol) && link.origin !== location.origin);
  }
});
