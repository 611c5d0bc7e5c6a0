// What is wrong with the page as it is laid out, and where its links lead. Runs as an asynchronous
// script of WebDriver: the last argument takes the answer.
const done = arguments[arguments.length - 1];

const shown = (element) => element.getClientRects().length > 0;
const name = (element) => {
    const words = element.textContent.trim().replace(/\s+/g, ' ').slice(0, 40);
    const classes = [...element.classList].map((word) => '.' + word).join('');
    return `<${element.localName}${classes}> "${words}"`;
};

// The innermost elements that stick out of the page to the right, unless they scroll by themselves.
function tooWide() {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) {
        return [];
    }
    const sticksOut = (element) => element.getBoundingClientRect().right > root.clientWidth + 1;
    const scrolls = (element) => getComputedStyle(element).overflowX !== 'visible';
    const guilty = [...document.body.querySelectorAll('*')].filter((element) => {
        for (let outer = element.parentElement; outer !== document.body; outer = outer.parentElement) {
            if (scrolls(outer)) {
                return false;
            }
        }
        return sticksOut(element) && ![...element.children].some(sticksOut);
    });
    const widths = `scrolls sideways: ${root.scrollWidth} of ${root.clientWidth} px`;
    return [`${widths}, for example ${guilty.slice(0, 3).map(name).join(', ')}`];
}

// Texts of a picture that lie on each other, or outside of it.
function unreadable(picture) {
    const frame = picture.getBoundingClientRect();
    const texts = [...picture.querySelectorAll('text')].filter(shown);
    const boxes = texts.map((text) => text.getBoundingClientRect());
    const problems = [];
    boxes.forEach((box, index) => {
        // Boxes hold more than the ink: a pixel does no harm.
        const isOut = box.left < frame.left - 1 || box.right > frame.right + 1
            || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
        if (isOut) {
            problems.push(`outside of its picture: ${name(texts[index])}`);
        }
        for (let other = index + 1; other < boxes.length; other += 1) {
            const right = Math.min(box.right, boxes[other].right);
            const bottom = Math.min(box.bottom, boxes[other].bottom);
            const across = right - Math.max(box.left, boxes[other].left);
            const down = bottom - Math.max(box.top, boxes[other].top);
            if (across > 1 && down > 1) {
                problems.push(`on each other: ${name(texts[index])} and ${name(texts[other])}`);
            }
        }
    });
    return problems;
}

// Two frames: what scripts do after a change of the layout is done by then.
const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
document.fonts.ready.then(frame).then(frame).then(() => done({
    problems: [...tooWide(), ...[...document.querySelectorAll('svg')].flatMap(unreadable)],
    // A link in a picture has no address as a text of its own.
    links: [...new Set([...document.querySelectorAll('a[href]')].map(
        (link) => new URL(link.getAttribute('href'), document.baseURI).href
    ))],
    ids: [...document.querySelectorAll('[id]')].map((element) => element.id),
}));
