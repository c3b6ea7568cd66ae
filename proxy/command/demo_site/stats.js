/* The site's own counter, which the rules put into pages. */
navigator.sendBeacon("/collect", JSON.stringify({page: location.pathname, width: innerWidth}));
