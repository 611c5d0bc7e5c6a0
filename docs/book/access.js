// The keyboard's way to what mdBook has for the pointer only.
'use strict';

(() => {
    // What scrolls by itself and has nothing in it that can have the focus can have it itself, so that
    // the arrow keys scroll it. Where nothing scrolls, that would only be one more stop on the way.
    const scrollers = 'main :is(pre, pre > code, .table-wrapper, .scroll)';
    const focusable = ':is(a[href], button, input, select, summary, [tabindex])';
    const given = new WeakSet();

    function scrolls(element) {
        return element.scrollWidth > element.clientWidth
            && getComputedStyle(element).overflowX !== 'visible';
    }

    function update(element) {
        if (scrolls(element) && !element.querySelector(focusable)) {
            element.tabIndex = 0;
            given.add(element);
        } else if (given.delete(element)) {
            element.removeAttribute('tabindex');
        }
    }

    // Also when a part of the page is opened, and when the window gets another width.
    const resized = new ResizeObserver((entries) => entries.forEach(({ target }) => update(target)));
    document.querySelectorAll(scrollers).forEach((element) => resized.observe(element));

    // mdBook turns the page at these keys, wherever the focus is.
    document.querySelector('main').addEventListener('keydown', (event) => {
        const scroller = event.target.closest(scrollers);
        if (['ArrowLeft', 'ArrowRight'].includes(event.key) && scroller && scrolls(scroller)) {
            event.stopPropagation();
        }
    });

    // The button of the sidebar, which a hidden checkbox shows and hides.
    const checkbox = document.getElementById('mdbook-sidebar-toggle-anchor');
    const button = document.getElementById('mdbook-sidebar-toggle');
    button.addEventListener('click', () => checkbox.click());
})();
