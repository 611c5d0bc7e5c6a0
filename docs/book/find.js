// Finds a symptom: compares what the reader pastes or types with the rows of the tables below the
// heading "By symptom". Without this script the tables are there to read.
'use strict';

(() => {
    const heading = document.getElementById('by-symptom');
    if (!heading) {
        return;
    }

    // How many rows are shown, and how far a row may fall behind the best one.
    const SHOWN = 5;
    const BEHIND = 0.4;
    // What share of the reader's words the best row must know, when it has no phrase of theirs.
    const KNOWN = 0.3;

    const COMMON = new Set(
        ('a about after all although an and another are as at be before but by can do does each for ' +
            'from had has have how i if in into is it its me my no not of on one or other s so some ' +
            't than that the their them then there they this to too was we were what when where which ' +
            'while who why will with you your').split(' '),
    );

    // The words of a text in order, without what differs from one run to the next: numbers, addresses
    // and paths. A status of HTTP is a word. `block_on` and `JoinError` count as a whole and in parts.
    function words(text) {
        const plain = text
            // What has no spaces is no words, and takes long to look through.
            .replace(/\S{300,}/g, ' ')
            .replace(/\b0x[0-9a-f]+/gi, ' ')
            .replace(/(?:[\w.@~-]*[/\\]){2,}[\w.-]*(?::\d+)*|[\w.-]+[/\\][\w-]+\.\w+(?::\d+)*/g, ' ')
            .replace(/\b\w+\.(?:rs|py)(?::\d+)+/g, ' ');
        return (plain.match(/[a-z][a-z0-9]*(?:_[a-z0-9]+)*|\b[45]\d\d\b/gi) || []).flatMap((word) => {
            const parts = word.split(/_|(?<=[a-z])(?=[A-Z])/);
            return (parts.length > 1 ? [word, ...parts] : parts).map(stem);
        });
    }

    // `hangs`, `hanging` and `hang` are one word; so are `dropped` and `drop`.
    function stem(word) {
        return word
            .toLowerCase()
            .replace(/(.{3})(?:ing|ed|es|s|e)$/, '$1')
            .replace(/([lnpt])\1$/, '$1')
            .replace(/ck$/, 'c');
    }

    const telling = (list) => new Set(list.filter((word) => !COMMON.has(word)));
    const sum = (list, weight) => [...list].reduce((total, word) => total + weight(word), 0);

    // The longest run of words that two texts have in common.
    function commonRun(one, other) {
        let best = [0, 0];
        let before = [];
        one.forEach((word, end) => {
            const lengths = other.map((same, place) => (same === word ? 1 + (before[place - 1] || 0) : 0));
            const length = Math.max(0, ...lengths);
            if (length > best[0]) {
                best = [length, end + 1];
            }
            before = lengths;
        });
        return one.slice(best[1] - best[0], best[1]);
    }

    // What is known of a row. `code` are the texts that are set as code in its first cell.
    function entry(symptom, code, answer) {
        return {
            symptom: telling(words(symptom)),
            phrases: code.flatMap((text) => text.split('…')).map(words),
            answer: telling(words(answer)),
        };
    }

    // The entries that fit a query, the best first, as their places in the list. A word weighs more
    // the fewer entries have it; a whole message, or a part of one, weighs most.
    function rank(query, entries) {
        const asked = words(query);
        const known = telling(asked);
        const weight = (word) => {
            const having = entries.filter((row) => row.symptom.has(word) || row.answer.has(word));
            return Math.log(1 + entries.length / (1 + having.length));
        };
        const weights = new Map([...known].map((word) => [word, weight(word)]));
        const of = (word) => weights.get(word) || 0;

        const scored = entries.map((row, place) => {
            const said = sum([...row.symptom].filter((word) => known.has(word)), of);
            const answered = sum(
                [...row.answer].filter((word) => known.has(word) && !row.symptom.has(word)), of);
            const phrases = row.phrases.map((text) => {
                const common = commonRun(asked, text);
                const isWhole = common.length === text.length;
                const isAsked = common.length === asked.length && asked.length > 1;
                return isWhole || isAsked || common.length > 3 ? sum(telling(common), of) : 0;
            });
            const exact = Math.max(0, ...phrases);
            const score = (said + 0.3 * answered + 2 * exact) / Math.sqrt(3 + row.symptom.size);
            return { place, score, exact, share: (said + 0.3 * answered) / sum(known, of) };
        });
        scored.sort((a, b) => b.score - a.score);
        const best = scored[0];
        if (!best || !(best.score > 0) || (best.exact === 0 && best.share < KNOWN)) {
            return [];
        }
        return scored
            .filter((row) => row.score >= BEHIND * best.score)
            .slice(0, SHOWN)
            .map((row) => row.place);
    }

    // The rows of all tables from the heading to the next one of its level.
    function rows() {
        const found = [];
        for (let next = heading.nextElementSibling; next && next.tagName !== 'H2';
            next = next.nextElementSibling) {
            found.push(...next.querySelectorAll('tbody tr'));
        }
        return found;
    }

    // Marks the reader's words in the text of an element.
    function mark(element, known) {
        const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
        const nodes = [];
        while (texts.nextNode()) {
            nodes.push(texts.currentNode);
        }
        for (const node of nodes) {
            const parts = node.data.split(/(\w+)/).map((part) => {
                if (!words(part).some((word) => known.has(word))) {
                    return part;
                }
                const marked = document.createElement('mark');
                marked.textContent = part;
                return marked;
            });
            node.replaceWith(...parts);
        }
    }

    function result(row, known) {
        const item = document.createElement('li');
        for (const cell of row.cells) {
            const part = document.createElement('div');
            part.append(...cell.cloneNode(true).childNodes);
            item.append(part);
        }
        mark(item, known);
        return item;
    }

    const all = rows();
    const entries = all.map((row) => entry(
        row.cells[0].textContent,
        [...row.cells[0].querySelectorAll('code')].map((code) => code.textContent),
        row.cells[1].textContent,
    ));

    const box = document.createElement('div');
    box.className = 'find';
    box.setAttribute('role', 'search');
    box.setAttribute('aria-label', 'Symptoms');
    box.innerHTML = `
        <label for="find-symptom">What do you see?</label>
        <textarea id="find-symptom" rows="3" spellcheck="false" autocomplete="off"
            autocapitalize="off" placeholder="there is no reactor running … · hangs on exit"
            aria-describedby="find-status"></textarea>
        <p id="find-status" role="status"></p>
        <ol class="found"></ol>`;
    const input = box.querySelector('textarea');
    const status = box.querySelector('[role="status"]');
    const list = box.querySelector('ol');

    function find() {
        const query = input.value.trim();
        const places = query ? rank(query, entries) : [];
        const known = telling(words(query));
        list.replaceChildren(...places.map((place) => result(all[place], known)));
        status.textContent = '';
        if (places.length > 0) {
            const many = places.length > 1 ? `${places.length} symptoms fit, the best first.` : '1 symptom fits.';
            status.textContent = `${many} Enter goes to the first link, Escape clears.`;
        } else if (query) {
            const search = document.createElement('a');
            search.href = `?search=${encodeURIComponent(query.slice(0, 100))}`;
            search.textContent = 'search the whole book';
            status.append('Nothing found. Try other words, or ', search, '.');
        }
    }

    input.addEventListener('input', find);
    input.addEventListener('keydown', (event) => {
        if (event.key === 'Escape') {
            input.value = '';
            find();
        } else if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
            const link = list.querySelector('a');
            if (link) {
                event.preventDefault();
                link.focus();
            }
        }
    });

    // Below the paragraph that says how to use it.
    const introduction = heading.nextElementSibling;
    (introduction && introduction.tagName === 'P' ? introduction : heading).after(box);
})();
