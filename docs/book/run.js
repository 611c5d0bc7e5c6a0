// "Run it here": builds the command of a form, runs it when the page comes from `cargo run -p docs`,
// shows the run as it grows, and keeps the last two runs to compare them.
'use strict';
(() => {
    // Only the book's own server gives one.
    const token = document.querySelector('meta[name="run-token"]')?.content;

    const PROBLEMS = {
        'failed': 'The run failed',
        'refused': 'The demo refused an argument',
        'panicked': 'The demo panicked',
        'killed': 'The demo was ended by a signal',
        'too long': 'Stopped, because the run took too long',
        'too much output': 'Stopped, because the run said too much',
        'not built': 'The demo could not be built',
    };

    /** A new element with this text. */
    const element = (name, properties = {}) => Object.assign(document.createElement(name), properties);

    /** As the pictures write a time. */
    const time = (ms) => (ms < 9999.5 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

    /** The fields of a form that are given: neither left empty nor what they are anyway. */
    function given(form) {
        const isGiven = (field) => {
            switch (field.type) {
                case 'checkbox': return field.checked;
                case 'number': return field.value !== '' && field.value !== field.defaultValue;
                default: return field.value !== '' && !field.selectedOptions[0].defaultSelected;
            }
        };
        return [...form.elements].filter((field) => field.name && !field.disabled && isGiven(field));
    }

    /** A given field, as it is typed. */
    const option = (field) => `--${field.name}${isFlag(field) ? '' : ` ${valueOf(field)}`}`;
    /** A number as the demo reads it: a browser takes `1e3`, too. */
    const valueOf = (field) => (field.type === 'number' && field.validity.valid ? String(field.valueAsNumber) : field.value);
    const isFlag = (field) => field.type === 'checkbox' || 'flag' in field.dataset;
    const conflicts = (field) => (field.dataset.conflicts ?? '').split(' ');

    /** Disables each field that cannot be given together with one that is. */
    function disable(form) {
        const fields = [...form.elements].filter((field) => field.name);
        fields.forEach((field) => { field.disabled = false; });
        for (const field of given(form)) {
            for (const other of field.disabled ? [] : fields) {
                if (conflicts(field).includes(other.name) || conflicts(other).includes(field.name)) {
                    other.disabled = true;
                }
            }
        }
    }

    /** What a form stands for, field by field, also where that is the default: `--limit 5`. */
    function settings(form) {
        const says = (field) => {
            const isOff = isFlag(field) ? !given(form).includes(field) : field.value === '';
            return field.disabled || isOff ? `without --${field.name}` : option(field);
        };
        return new Map([...form.elements].filter((field) => field.name).map((field) => [field.name, says(field)]));
    }

    /** What a run was given that the other was not. */
    function difference(one, other) {
        const own = [...one.settings].filter(([name, setting]) => other.settings.get(name) !== setting);
        return own.map(([, setting]) => setting).join(' ') || one.command;
    }

    async function post(path, body, signal) {
        const response = await fetch(path, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json', 'X-Run-Token': token },
            body: JSON.stringify(body),
            signal,
        });
        if (!response.ok) {
            const text = (await response.text()).trim();
            throw new Refusal(text || response.status);
        }
        return response;
    }

    /** What the server said in place of an answer. */
    class Refusal extends Error {}

    /** The lines of a response, each parsed, as they arrive. */
    async function* events(response) {
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        let rest = '';
        for (;;) {
            const { value, done } = await reader.read();
            if (done) return;
            const lines = (rest + value).split('\n');
            rest = lines.pop();
            yield* lines.filter((line) => line.trim()).map((line) => JSON.parse(line));
        }
    }

    /** Puts another picture into a figure, at most once for each frame of the screen. */
    class Picture {
        constructor(label) {
            this.figure = element('figure', { className: 'player', ariaLabel: label });
            this.newest = null;
        }

        grow(html) {
            if (this.newest === null) requestAnimationFrame(() => this.draw());
            this.newest = html;
        }

        draw() {
            if (this.newest === null) return;
            const isOpen = this.figure.querySelector('details')?.open;
            const left = this.figure.querySelector('.scroll')?.scrollLeft;
            const read = this.figure.querySelector('.transcript');
            const isAtEnd = !read || read.scrollTop + read.clientHeight >= read.scrollHeight - 1;
            const focused = ['.transcript', 'summary'].find((part) => this.figure.querySelector(part) === document.activeElement);
            this.figure.innerHTML = this.newest;
            this.newest = null;
            if (isOpen) this.figure.querySelector('details').open = true;
            if (left) this.figure.querySelector('.scroll').scrollLeft = left;
            const transcript = this.figure.querySelector('.transcript');
            // A reader who has gone up in the transcript stays there.
            if (transcript) transcript.scrollTop = isAtEnd ? transcript.scrollHeight : read.scrollTop;
            if (focused) this.figure.querySelector(focused)?.focus({ preventScroll: true });
        }

        /** The picture is complete: the player takes over. */
        end() {
            this.draw();
            window.player?.attach(this.figure);
        }

        replace(html) {
            window.player?.detach(this.figure);
            this.newest = html;
            this.end();
        }
    }

    /** A form, and the runs below it. */
    class Runner {
        constructor(form) {
            this.form = form;
            this.command = form.parentElement.querySelector('.command code');
            this.base = this.command.textContent.trim();
            form.hidden = false;
            form.addEventListener('input', () => this.update());
            form.addEventListener('submit', (event) => {
                event.preventDefault();
                if (token && !this.running) this.run();
            });
            if (token) this.prepare();
            this.update();
        }

        /** Shows the command of the form as it is now. */
        update() {
            disable(this.form);
            const options = given(this.form).map(option);
            this.command.textContent = [this.base, ...options.length ? ['--', ...options] : []].join(' ');
        }

        /** Adds what only a page with a server has. */
        prepare() {
            // The newest first, as on the page.
            this.kept = [];
            this.running = null;
            this.start = element('button', { type: 'submit', textContent: 'Run' });
            this.stop = element('button', { type: 'button', textContent: 'Stop', disabled: true });
            this.stop.addEventListener('click', () => this.running?.abort());
            window.addEventListener('pagehide', () => this.running?.abort());
            // They stand next to what they start and stop, outside of the form.
            this.form.id = `run-${this.form.dataset.pattern}`;
            this.start.setAttribute('form', this.form.id);
            const buttons = element('div', { className: 'start-stop' });
            buttons.append(this.start, this.stop);
            this.form.querySelector('legend').textContent = 'Run it here';

            this.status = element('p');
            this.status.setAttribute('role', 'status');
            this.message = element('pre', { className: 'message', hidden: true, tabIndex: 0 });
            this.building = element('div', { className: 'building', hidden: true });
            this.progress = element('progress', { ariaLabel: 'Build' });
            this.now = element('span');
            this.building.append(this.progress, this.now);
            this.compared = element('p', { className: 'compared', ariaLive: 'polite' });
            this.runs = element('div', { className: 'runs' });
            const local = this.form.parentElement.querySelector('.local');
            local.textContent = 'The same in a terminal:';
            const parts = [buttons, this.status, this.building, this.message, this.compared, this.runs];
            this.form.parentElement.append(...parts);
        }

        say(status, message = '') {
            const lines = message.trim().split('\n');
            const isLong = lines.length > 1;
            this.status.textContent = status + (isLong ? ':' : lines[0] ? `: ${lines[0].replace(/^error: /, '')}` : '.');
            this.message.textContent = isLong ? lines.join('\n') : '';
            this.message.hidden = !isLong;
        }

        async run() {
            this.running = new AbortController();
            this.setRunning(true);
            this.say('Starting');
            const shown = { command: this.command.textContent, settings: settings(this.form) };
            try {
                await this.follow(shown, this.running.signal);
            } catch (error) {
                if (error.name === 'AbortError') this.say('Stopped');
                else if (error instanceof Refusal) this.say('The server refused', error.message);
                else this.say('The connection was lost', 'is the book still served by cargo run -p docs?');
            }
            this.building.hidden = true;
            shown.picture?.end();
            // The status is of the last run only.
            const notice = shown.notice ?? this.status.textContent;
            shown.section?.append(element('p', { className: 'notice', textContent: notice }));
            this.running = null;
            this.setRunning(false);
            await this.align();
        }

        /** Follows a run to its end. */
        async follow(shown, signal) {
            const values = given(this.form).map((field) => [field.name, isFlag(field) ? true : valueOf(field)]);
            // A first run is drawn along the axis of the recorded one: its picture then grows evenly.
            const recorded = Number(document.querySelector('svg.timeline')?.dataset.length);
            shown.axis = this.axis() || recorded || 0;
            const response = await post('/runs', {
                pattern: this.form.dataset.pattern,
                arguments: Object.fromEntries(values),
                axis: shown.axis,
            }, signal);
            for await (const event of events(response)) {
                if (event.building) this.build(event.building);
                if (event.started) {
                    this.building.hidden = true;
                    this.say('Running');
                    shown.command = event.started.command;
                }
                if (event.frame) {
                    const isFirst = !shown.section;
                    if (isFirst) this.show(shown);
                    shown.picture.grow(event.frame.html);
                    if (isFirst) shown.section.scrollIntoView({ block: 'nearest' });
                }
                if (event.ended) return this.end(shown, event.ended);
            }
            throw new Error('the answer has no end');
        }

        build({ done, of, now }) {
            if (this.building.hidden) this.say('Building the demo first');
            this.building.hidden = false;
            if (of) Object.assign(this.progress, { max: of, value: done });
            else this.progress.removeAttribute('value');
            this.now.textContent = of ? `${done} of ${of}: ${now}` : now;
        }

        /** Shows a new run, before the older one: next to the buttons. */
        show(shown) {
            shown.section = element('section', { ariaLabel: shown.command });
            const header = element('header');
            header.append(element('code', { textContent: shown.command }));
            shown.picture = new Picture(shown.command);
            shown.section.append(header, shown.picture.figure);
            while (this.kept.length > 1) this.kept.pop().section.remove();
            this.kept.unshift(shown);
            this.compared.textContent = '';
            this.runs.prepend(shown.section);

            const remove = element('button', { type: 'button', textContent: 'Remove', disabled: true });
            remove.setAttribute('aria-label', `Remove the run ${shown.command}`);
            remove.addEventListener('click', () => {
                shown.section.remove();
                this.kept = this.kept.filter((other) => other !== shown);
                this.start.focus();
                this.align();
            });
            header.append(remove);
        }

        end(shown, { state, code, message, notice, timeline }) {
            shown.timeline = timeline;
            shown.notice = notice;
            shown.isDone = state === 'done';
            const where = code === null || shown.isDone ? '' : ` (exit code ${code})`;
            if (shown.isDone) this.say(`Done in ${time(timeline.length)}`);
            else this.say((PROBLEMS[state] ?? `The run ended: ${state}`) + where, message ?? '');
        }

        setRunning(isRunning) {
            const [on, off] = isRunning ? [this.stop, this.start] : [this.start, this.stop];
            on.disabled = false;
            // A button that is disabled loses the focus, and the keyboard its place.
            if (document.activeElement === off) on.focus();
            off.disabled = true;
            this.runs.querySelectorAll('header button').forEach((button) => { button.disabled = isRunning; });
        }

        /** The least axis that has room for all runs that are shown. */
        axis() {
            return Math.max(0, ...this.kept.map((shown) => shown.timeline?.length ?? 0));
        }

        /** Draws the runs again along one axis, and compares them. */
        async align() {
            // A run that ended, or was removed, since makes what comes late worthless.
            const turn = this.turn = (this.turn ?? 0) + 1;
            const axis = this.axis();
            const runs = this.kept.filter((shown) => shown.timeline);
            const others = runs.filter((shown) => Math.max(shown.axis, shown.timeline.length) !== axis);
            try {
                await Promise.all(others.map(async (shown) => {
                    const response = await post('/draw', { timeline: shown.timeline, axis });
                    const html = await response.text();
                    if (turn !== this.turn) return;
                    shown.picture.replace(html);
                    shown.axis = axis;
                }));
                if (turn === this.turn) this.compared.textContent = this.comparison();
            } catch {
                if (turn === this.turn) this.compared.textContent = 'The runs cannot be drawn along one axis.';
            }
        }

        comparison() {
            if (this.kept.length < 2 || !this.kept.every((shown) => shown.isDone)) return '';
            const lengths = this.kept.map((shown) => shown.timeline.length);
            const names = this.kept.map((shown, index) => difference(shown, this.kept[1 - index]));
            const factor = Math.max(...lengths) / Math.max(1, Math.min(...lengths));
            const parts = names.map((name, index) => `${name}: ${time(lengths[index])}`);
            return [...parts, `${factor.toFixed(1)}×`].join(' · ');
        }
    }

    document.querySelectorAll('.run form').forEach((form) => new Runner(form));
})();
