// Plays a timeline. A figure has its picture, transcript and table in the page, and they say
// everything; this adds a playhead, the buttons that move it, and a way through the bars.
//
// `data-length`, `data-left` and `data-right` of the picture say where a time is, and `data-start` and
// `data-end` when a bar was. All times are milliseconds of the run.

'use strict';

(() => {
    const ICONS = {
        play: 'M5 3v14l12-7z',
        pause: 'M5 3h4v14H5zM11 3h4v14h-4z',
        start: 'M4 3h2v14H4zM17 3v14L7 10z',
        back: 'M13 3v14L4 10zM14 3h2v14h-2z',
        next: 'M7 3v14l9-7zM4 3h2v14H4z',
    };
    // How much slower than the run; below 1, how much faster.
    const SLOWER = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
    // How long the whole takes at first, and between which bounds the other speeds are.
    const USUAL_MS = 6000;
    const SHORTEST_MS = 1000;
    const LONGEST_MS = 60000;
    // A reader who wants little motion sees no more than two moments in a second.
    const CALM_MS = 500;
    // How far behind the axis' end a mark may reach, in units of the picture.
    const END_MARK = 18;
    const HINT = 'Point at a bar, or go to it with Tab and the arrow keys, to read what it is.';

    const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');
    const players = new WeakMap();

    /** As the picture and the transcript write it. */
    function words(ms) {
        return Math.round(ms) < 10000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
    }

    /** How many of the sorted numbers are at most `limit`. */
    function countUpTo(numbers, limit) {
        let low = 0;
        let high = numbers.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            if (numbers[middle] <= limit) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    function element(name, attributes, ...children) {
        const made = document.createElement(name);
        for (const [key, value] of Object.entries(attributes)) {
            made.setAttribute(key, value);
        }
        made.append(...children);
        return made;
    }

    function setIcon(button, name, label, key) {
        button.innerHTML = `<svg viewBox="0 0 20 20" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
        button.setAttribute('aria-label', label);
        button.title = `${label} (${key})`;
    }

    /** The lanes of the picture: the bars and marks of each in order of time, and how it ended. */
    function lanesOf(svg) {
        const lanes = [];
        for (const child of svg.children) {
            if (child.matches('.tl-name') || child.querySelector('.tl-name')) {
                lanes.push({ items: [], outcome: null });
            } else if (child.matches('.tl-outcome')) {
                lanes.at(-1).outcome = child;
            } else if (child.dataset.start !== undefined) {
                const { start, end } = child.dataset;
                lanes.at(-1).items.push({ shape: child, start: Number(start), end: Number(end) });
            }
        }
        for (const { items } of lanes) {
            items.sort((a, b) => a.start - b.start || b.end - a.end);
        }
        return lanes;
    }

    class Player {
        constructor(figure, svg) {
            this.figure = figure;
            this.svg = svg;
            this.length = Number(svg.dataset.length);
            const lanes = lanesOf(svg);
            this.lanes = lanes.map((lane) => lane.items).filter((items) => items.length > 0);
            const bars = this.lanes.flat();
            // How a lane ended is there from then on.
            const outcomes = lanes.map(({ items, outcome }) => {
                const start = Math.max(0, ...items.map((item) => item.end));
                return { shape: outcome, start, end: Infinity };
            });
            this.byStart = [...bars, ...outcomes].sort((a, b) => a.start - b.start);
            this.byEnd = bars.slice().sort((a, b) => a.end - b.end);
            this.starts = this.byStart.map((item) => item.start);
            this.ends = this.byEnd.map((item) => item.end);
            this.transcript = figure.querySelector('.transcript');
            this.lines = [...figure.querySelectorAll('.transcript li')];
            this.said = this.lines.map((line) => Number(line.dataset.at));
            const times = new Set([0, this.length, ...this.starts, ...this.ends, ...this.said]);
            this.events = [...times].sort((a, b) => a - b);

            // The whole picture is shown until the reader moves the playhead.
            this.now = this.length;
            this.event = null;
            this.linesUpTo = this.lines.length;
            this.current = [];
            this.frame = null;
            this.listening = new AbortController();

            this.addPlayhead();
            this.addControls();
            this.addBars();
            this.listen(figure, 'keydown', (event) => this.onKey(event));
            this.moveTo(this.length);
            this.sayTime();
        }

        remove() {
            this.pause();
            this.listening.abort();
            this.resizes.disconnect();
            this.controls.remove();
            this.detail.remove();
            this.stage.replaceWith(this.svg);
            this.svg.setAttribute('role', 'img');
            this.figure.classList.remove('moved');
            for (const { shape } of this.byStart) {
                shape.classList.remove('on');
                for (const name of ['tabindex', 'role', 'aria-label']) {
                    shape.removeAttribute(name);
                }
            }
            for (const line of this.lines) {
                line.classList.remove('later', 'now');
                line.removeAttribute('aria-current');
            }
        }

        listen(target, name, listener) {
            target.addEventListener(name, listener, { signal: this.listening.signal });
        }

        // What is built

        /** Lays the playhead and the veil over the picture, in shares of it, so that any size fits. */
        addPlayhead() {
            const { width, height } = this.svg.viewBox.baseVal;
            const grid = this.svg.querySelector('.tl-grid').getAttribute('d');
            const [, top, bottom] = grid.match(/ ([\d.]+)V([\d.]+)/).map(Number);
            this.veiledShare = (Number(this.svg.dataset.right) + END_MARK) / width;
            const percent = (part, whole) => `${(part / whole) * 100}%`;
            this.left = Number(this.svg.dataset.left) / width;
            this.right = Number(this.svg.dataset.right) / width;

            this.veil = element('div', { class: 'veil' });
            const veiled = element('div', { class: 'veiled' }, this.veil);
            veiled.style.top = percent(top, height);
            veiled.style.height = percent(bottom - top, height);
            veiled.style.width = percent(this.veiledShare, 1);

            this.slider = element('div', {
                class: 'handle',
                role: 'slider',
                tabindex: 0,
                title: 'Moment: ← → step, Home, End',
                'aria-label': 'Moment',
                'aria-valuemin': 0,
                'aria-valuemax': this.length,
                'aria-keyshortcuts': 'ArrowLeft ArrowRight Home End Space + -',
            });
            this.playhead = element('div', { class: 'playhead' }, this.slider);
            const rail = element('div', { class: 'rail' });
            const track = element('div', { class: 'track' }, rail, this.playhead);
            track.style.left = percent(this.left, 1);
            track.style.width = percent(this.right - this.left, 1);
            track.style.height = percent(bottom, height);

            this.stage = element('div', { class: 'stage' });
            this.svg.replaceWith(this.stage);
            this.stage.append(this.svg, veiled, track);

            for (const target of [rail, this.slider]) {
                this.listen(target, 'pointerdown', (event) => {
                    if (event.button !== 0) {
                        return;
                    }
                    event.preventDefault();
                    target.setPointerCapture(event.pointerId);
                    this.slider.focus({ preventScroll: true });
                    this.drag(event, track);
                });
                this.listen(target, 'pointermove', (event) => {
                    if (target.hasPointerCapture(event.pointerId)) {
                        this.drag(event, track);
                    }
                });
            }

            // Measured when it changes: to measure in each frame would lay the page out in each frame.
            this.scroller = this.stage.parentElement;
            this.resizes = new ResizeObserver(() => {
                this.pictureWidth = this.stage.clientWidth;
                this.seenWidth = this.scroller.clientWidth;
                this.seenHeight = this.transcript?.clientHeight;
                this.bottoms = this.lines.map((line) => line.offsetTop + line.offsetHeight);
            });
            for (const measured of [this.stage, this.scroller, this.transcript]) {
                if (measured) {
                    this.resizes.observe(measured);
                }
            }
        }

        addControls() {
            const button = (icon, label, key, act) => {
                const made = element('button', { type: 'button' });
                setIcon(made, icon, label, key);
                this.listen(made, 'click', act);
                return made;
            };
            this.playButton = button('play', 'Play', 'space', () => this.toggle());
            this.time = element('span', { class: 'time' });
            this.speed = element('select', { 'aria-label': 'Speed', title: 'Speed (+ and −)' });
            const all = SLOWER.filter((slower) => {
                const whole = this.length * slower;
                return slower === 1 || (whole >= SHORTEST_MS && whole <= LONGEST_MS);
            });
            const distance = (slower) => Math.abs(Math.log((this.length * slower) / USUAL_MS));
            const usual = all.reduce((a, b) => (distance(b) < distance(a) ? b : a));
            for (const slower of all.reverse()) {
                let label = 'real time';
                if (slower > 1) {
                    label = `${slower} × slower`;
                } else if (slower < 1) {
                    label = `${Math.round(1 / slower)} × faster`;
                }
                this.speed.add(new Option(label, slower, slower === usual, slower === usual));
            }
            this.controls = element(
                'div',
                { class: 'controls', role: 'group', 'aria-label': 'Player' },
                button('start', 'To the start', 'Home', () => this.jump(0)),
                button('back', 'Previous event', '←', () => this.step(-1)),
                this.playButton,
                button('next', 'Next event', '→', () => this.step(1)),
                this.time,
                this.speed,
            );
            this.detail = element('p', { class: 'detail', 'aria-hidden': 'true' }, HINT);
            this.scroller.after(this.controls, this.detail);
        }

        /** Makes the bars known to pointer and keyboard. One of them is a stop for Tab. */
        addBars() {
            // The children of an image have no names of their own.
            this.svg.setAttribute('role', 'group');
            if (this.lanes.length > 0) {
                this.stopAt(this.lanes[0][0]);
            }
            const name = (event) => {
                const title = event.target.closest('g[data-start]')?.querySelector('title');
                this.detail.textContent = title?.textContent ?? HINT;
            };
            for (const kind of ['pointerover', 'focusin']) {
                this.listen(this.svg, kind, name);
            }
            for (const kind of ['pointerleave', 'focusout']) {
                this.listen(this.svg, kind, () => { this.detail.textContent = HINT; });
            }
        }

        /** Makes this bar the one that Tab goes to. */
        stopAt(item) {
            this.stop?.shape.removeAttribute('tabindex');
            this.stop = item;
            const { shape } = item;
            shape.setAttribute('tabindex', 0);
            shape.setAttribute('role', 'img');
            shape.setAttribute('aria-label', shape.querySelector('title').textContent);
        }

        // The moment

        /** Shows the run as it was at this time. Only what differs from before is touched. */
        seek(ms) {
            const now = Math.min(Math.max(ms, 0), this.length);
            // Between two events nothing but the playhead moves.
            const event = this.events[countUpTo(this.events, now) - 1];
            const isOther = event !== this.event;
            this.follow(now, event);
            if (isOther) {
                this.figure.classList.add('moved');
                this.markBars(this.event ?? 0, event);
                this.markLines(event);
                this.event = event;
            }
            this.moveTo(now);
            // While it plays, a slider with the focus would be read out without end. A pause says the time.
            if (isOther && (this.frame === null || document.activeElement !== this.slider)) {
                this.sayTime();
            }
        }

        moveTo(now) {
            this.now = now;
            const share = now / this.length;
            const x = this.left + (this.right - this.left) * share;
            this.playhead.style.transform = `translateX(${share * 100}%)`;
            const veiled = now < this.length ? x / this.veiledShare : 1;
            this.veil.style.transform = `translateX(${veiled * 100}%)`;
            this.time.textContent = this.moment();
        }

        /**
         * Scrolls the picture, where a narrow page does not show all of it, and the transcript, each in
         * its own box. Before anything is changed, as the browser lays the page out for it.
         */
        follow(now, event) {
            if (this.pictureWidth > this.seenWidth) {
                const share = this.left + (this.right - this.left) * (now / this.length);
                const x = share * this.pictureWidth;
                const margin = this.seenWidth / 5;
                const first = this.scroller.scrollLeft;
                if (x < first + margin || x > first + this.seenWidth - margin) {
                    this.scroller.scrollLeft = x - this.seenWidth / 2;
                }
            }
            const said = countUpTo(this.said, event);
            if (said !== this.linesUpTo || this.event === null) {
                const bottom = this.bottoms?.[said - 1] ?? 0;
                this.transcript?.scrollTo(0, bottom - this.seenHeight * 0.7);
            }
        }

        /** Marks what is there at `event`, knowing that `before` was marked. */
        markBars(before, event) {
            const low = Math.min(before, event);
            const high = Math.max(before, event);
            const sides = [[this.byStart, this.starts], [this.byEnd, this.ends]];
            for (const [items, times] of sides) {
                let index = countUpTo(times, low);
                // Those that begin or end at `low` itself differ, too.
                while (index > 0 && times[index - 1] === low) {
                    index -= 1;
                }
                for (; index < items.length && times[index] <= high; index += 1) {
                    const { shape, start, end } = items[index];
                    const isOn = start <= event && (event < end || start === end && start === event);
                    shape.classList.toggle('on', isOn);
                }
            }
        }

        markLines(event) {
            const upTo = countUpTo(this.said, event);
            const [from, to] = [Math.min(upTo, this.linesUpTo), Math.max(upTo, this.linesUpTo)];
            for (const line of this.lines.slice(from, to)) {
                line.classList.toggle('later', upTo < to);
            }
            this.linesUpTo = upTo;

            const last = this.lines[upTo - 1];
            if (last === this.current.at(-1)) {
                return;
            }
            this.current.forEach((line) => line.classList.remove('now'));
            this.current.at(-1)?.removeAttribute('aria-current');
            this.current = [];
            for (let index = upTo - 1; index >= 0 && this.said[index] === this.said[upTo - 1]; index -= 1) {
                this.lines[index].classList.add('now');
                this.current.unshift(this.lines[index]);
            }
            last?.setAttribute('aria-current', 'step');
        }

        /** Rounded down, so that it is not past an event that has yet to come. */
        moment() {
            const now = Math.max(Math.floor(this.now), this.event ?? 0);
            return `${words(now)} of ${words(this.length)}`;
        }

        sayTime() {
            this.slider.setAttribute('aria-valuenow', Math.round(this.now));
            this.slider.setAttribute('aria-valuetext', this.moment());
        }

        // What moves it

        jump(ms) {
            this.pause();
            this.seek(ms);
            this.sayTime();
        }

        step(direction) {
            const index = countUpTo(this.events, this.now) - 1;
            const isBetween = this.events[index] < this.now;
            const next = direction < 0 && isBetween ? index : index + direction;
            this.jump(this.events[Math.min(Math.max(next, 0), this.events.length - 1)]);
        }

        drag(event, track) {
            const { left, width } = track.getBoundingClientRect();
            this.jump(((event.clientX - left) / width) * this.length);
        }

        toggle() {
            if (this.frame !== null) {
                this.pause();
                return;
            }
            setIcon(this.playButton, 'pause', 'Pause', 'space');
            let clock = this.now < this.length ? this.now : 0;
            let last = null;
            let shown = -Infinity;
            const tick = (stamp) => {
                if (!this.figure.isConnected) {
                    this.frame = null;
                    return;
                }
                // After a time in the background it goes on from where it was.
                clock += Math.min(stamp - (last ?? stamp), 250) / Number(this.speed.value);
                last = stamp;
                if (!reducedMotion.matches) {
                    this.seek(clock);
                } else if (stamp - shown >= CALM_MS) {
                    shown = stamp;
                    this.seek(this.events[countUpTo(this.events, clock) - 1]);
                }
                if (this.now < this.length) {
                    this.frame = requestAnimationFrame(tick);
                } else {
                    this.pause();
                }
            };
            this.frame = requestAnimationFrame(tick);
        }

        pause() {
            if (this.frame !== null) {
                cancelAnimationFrame(this.frame);
                this.frame = null;
                setIcon(this.playButton, 'play', 'Play', 'space');
                this.sayTime();
            }
        }

        setSpeed(change) {
            const index = this.speed.selectedIndex + change;
            this.speed.selectedIndex = Math.min(Math.max(index, 0), this.speed.length - 1);
        }

        onKey(event) {
            if (event.altKey || event.ctrlKey || event.metaKey) {
                return;
            }
            if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
                // The book turns the page with these.
                event.stopPropagation();
            }
            const { target } = event;
            if (target === this.speed) {
                return;
            }
            const isHandled = this.svg.contains(target) && this.walk(event.key) || this.press(event);
            if (isHandled) {
                event.preventDefault();
                event.stopPropagation();
            }
        }

        press({ key, target, repeat }) {
            switch (key) {
                case 'ArrowUp':
                case 'ArrowDown':
                    if (target !== this.slider) {
                        return false;
                    }
                    this.step(key === 'ArrowUp' ? 1 : -1);
                    return true;
                case ' ':
                    // A button, or the table's summary, has its own use for it.
                    if (target.closest('button, summary')) {
                        return false;
                    }
                    if (!repeat) {
                        this.toggle();
                    }
                    return true;
                case 'ArrowLeft': this.step(-1); return true;
                case 'ArrowRight': this.step(1); return true;
                case 'Home': this.jump(0); return true;
                case 'End': this.jump(this.length); return true;
                case '+': this.setSpeed(1); return true;
                case '-': this.setSpeed(-1); return true;
                default: return false;
            }
        }

        /** Goes from bar to bar: along the lane, or to the nearest in time of the lane beside it. */
        walk(key) {
            const row = this.lanes.findIndex((lane) => lane.includes(this.stop));
            const lane = this.lanes[row];
            const column = lane.indexOf(this.stop);
            const nearest = (other) => other?.reduce((a, b) => {
                const distance = ({ start, end }) =>
                    Math.max(start - this.stop.start, this.stop.start - end, 0);
                return distance(b) < distance(a) ? b : a;
            });
            const targets = {
                ArrowLeft: () => lane[column - 1],
                ArrowRight: () => lane[column + 1],
                ArrowUp: () => nearest(this.lanes[row - 1]),
                ArrowDown: () => nearest(this.lanes[row + 1]),
                Home: () => lane[0],
                End: () => lane.at(-1),
            };
            if (!(key in targets)) {
                return false;
            }
            const next = targets[key]();
            if (next) {
                this.stopAt(next);
                next.shape.focus();
            }
            return true;
        }
    }

    /** Adds the controls to a figure. Once its inside has been replaced, call it again. */
    function attach(figure) {
        const svg = figure.querySelector('svg.timeline');
        if (players.get(figure)?.svg === svg) {
            return;
        }
        detach(figure);
        if (svg && Number(svg.dataset.length) > 0) {
            players.set(figure, new Player(figure, svg));
        }
    }

    /** Leaves the figure as it was without controls. */
    function detach(figure) {
        players.get(figure)?.remove();
        players.delete(figure);
    }

    function seek(figure, ms) {
        players.get(figure)?.jump(ms);
    }

    window.player = { attach, detach, seek };
    document.querySelectorAll('figure.player').forEach(attach);
})();
