// Finds a symptom: compares what the reader pastes or types with the rows of the tables below the
// heading "By symptom". Without this script the tables are there to read.
'use strict';

// What compares: it knows nothing of the page, so that a test can call it without one.
const finder = (() => {
    // How many rows are shown, and how far a row may fall behind the best one.
    const SHOWN = 5;
    const BEHIND = 0.4;
    // What the best row must have of the reader's words: one that few rows have, or two others.
    const ENOUGH = 2;
    // A row's symptom is what one sees. Its answer has other words for it, and many that say nothing
    // of it. A name such as `spawn_blocking` says as much in either.
    const ANSWER = 0.5;
    // A program that shows a mistake is described in whole sentences, with many words by the way.
    const PROGRAM = 0.5;
    // Another word for the same thing is a weaker sign than the word itself.
    const SIMILAR = 0.5;
    // A message is its words in their order: that is no accident, and weighs more than the words do.
    const MESSAGE = 2;
    // In a message each word is a sign, the most common one too.
    const LEAST = 0.5;

    // Words that say nothing of what is wrong, also as `stem` leaves them.
    const COMMON = new Set(`
        a about after all also although am an and another any anything app application are as at be
        because been before being but by can cannot code could did didn do does doesn doing don down
        each else even every everything fn for from function get gets getting give given gives go goes
        going got had happen happened happening happens has have haven how i idea if in inside instead
        into is isn it its just keep keeps let like make makes me ms my need no not now of on one only
        onto or other our out processing program really rust s second seconds seems service set should
        since so some somehow someone something sometimes stay stays still t than that the their them
        then there these they thing things this though three to tokio too try trying two until up use
        used using very want was way we were what when where whether which while who whole why will with
        without won would you your
    `.trim().split(/\s+/).flatMap((word) => [word, stem(word)]));

    // Words that people use for the same thing, one thing a line.
    const SAME = [
        'block deadlock ever forever freeze frozen halt hang hung indefinite never stall stand stuck unresponsive',
        'cut disappear drop gone ignore lose lost miss silent skip swallow unnoticed vanish',
        'complete done end exit finish quit return shutdown terminate',
        'complete finish ready resolve return',
        'abort cancel drop interrupt kill shutdown stop terminate',
        'ctrlc kill sigkill sigterm signal',
        'crash dead die died error exception fail failure panic raise throw unwrap',
        'climb grow growth increase leak unbounded',
        'fewer leak lost',
        'heap memory oom ram',
        'guard lock mutex rwlock',
        'coroutine future',
        'block compute computation cpu crunch hash heavy parse synchronous',
        'executor loop reactor runtime scheduler',
        'begin begun fork launch run spawn start',
        'again double duplicate repeat twice',
        'again attempt repeat retry',
        'delay drift lag late latency long longer slow',
        'bottleneck contention performance serialize sequential slow throughput',
        'database db mysql pg postgres sql sqlite sqlx transaction',
        'connection pool session socket',
        'close disconnect gone hangup leave left',
        'linger orphan outlive remain survive zombie',
        'browser caller client peer user',
        'backend server upstream',
        'endpoint handler request route',
        'answer reply response result',
        'cleanup destructor drop finalizer teardown',
        'disk file flush fs save write',
        'drain empty',
        'notify wake wakeup woken',
        'concurrency limit permit semaphore slot throttle',
        'bound cap capacity limit maximum',
        'channel mpsc queue',
        'consumer listener reader receive receiver recv rx subscriber',
        'producer publisher send sender tx writer',
        'consumer receiver worker',
        'child command process subprocess',
        'container docker kubernetes pod',
        'instance machine pod process replica worker',
        'deploy redeploy release rollout upgrade version',
        'crash restart',
        'event item message value',
        'call download fetch http request url',
        'deadline elapsed expire limit timeout',
        'concurrent once parallel simultaneous',
        'core cpu thread',
        'log span trace',
        'count counter gauge increment metric update',
        'background job task',
        'order random sequence',
        'corrupt garbage nonsense wrong',
        'compile compiler lint warn warning',
        'unfair starve starvation',
    ].map((line) => new Set(line.split(' ').map(stem)));

    // One word for what is written in several ways.
    const SPELLINGS = [
        [/\btim(?:e|es|ed|ing)[ -]?outs?\b/gi, 'timeout'],
        [/\b(clean|shut|wake|back)(?:ing|s)?[ -](up|down|off)\b/gi, '$1$2'],
        [/\b(web|dead|sub|thread|run|half)[ -](socket|lock|process|pool|time|open)/gi, '$1$2'],
        [/\bctrl\W?c\b|\^C|\bsigint\b|\bcontrol[ -]c\b/gi, 'ctrlc'],
        [/\berror messages?\b/gi, 'error'],
        [/\btwo times\b/gi, 'twice'],
        [/\bos error (\d+)/gi, 'oserror$1'],
    ];

    // What a report says that differs from one run to the next, or that every report says.
    const NOISE = [
        // What has no spaces is no words, and takes long to look through.
        /\S{300,}/g,
        // The frames of a trace, and a compiler's copy of the source.
        /^\s*\d+: +(?:0x[0-9a-f]+ - )?[\w<{].*$/gm,
        /^\s+at .*$/gm,
        /^\s*\d+\s*\|.*$/gm,
        /^\s*File ".*$/gm,
        /\bthread '[^']*'(?: \(\d+\))? panicked at\b/g,
        /^note: (?:run with|some details) .*$/gim,
        /\bstack backtrace:/g,
        /\bcalled `?Result::unwrap\(\)`? on an `?Err`? value\b/g,
        /\b\d{4}-\d\d-\d\d[T ][\d:.,Z+]*/g,
        /\b0x[0-9a-f]+/gi,
        // Addresses and paths.
        /\bhttps?:\S+/g,
        /(?:[\w.@~-]*[/\\]){2,}[\w.-]*(?::\d+)*|[\w.-]+[/\\][\w-]+\.\w+(?::\d+)*/g,
        /\b\w+\.(?:rs|py)(?::\d+)+/g,
    ];

    // `hangs`, `hanging` and `hang` are one word; so are `dropped` and `drop`, or `cancelled` and
    // `cancellation`.
    function stem(word) {
        return word
            .toLowerCase()
            .replace(/(.{3})(?:ations?|ings?|ions?|ed|es|s|e|ly)$/, '$1')
            .replace(/(.{4})ers?$/, '$1')
            .replace(/([lnpt])\1$/, '$1')
            .replace(/ck$/, 'c')
            .replace(/y$/, 'i');
    }

    // The words of a text in order. A number is a word, too, the same for each, so that it has its
    // place in a message.
    function words(text) {
        const plain = NOISE.reduce((rest, noise) => rest.replace(noise, ' '), text);
        const spelled = SPELLINGS.reduce((rest, [ways, one]) => rest.replace(ways, one), plain);
        return spelled.match(/\b\d\d[A-Z]\d\d\b|[a-z][a-z0-9]*(?:_[a-z0-9]+)*|\d+/gi) || [];
    }

    const inMessage = (word) => (/^\d/.test(word) ? '#' : stem(word));

    // What a word stands for: itself; and less exactly the parts of a name like `block_on` or
    // `JoinError`, and what else means the same.
    function term(raw) {
        const word = stem(raw);
        const split = raw.split(/_|(?<=[a-z])(?=[A-Z])/).map(stem);
        const parts = split.length > 1 ? split.filter((part) => !COMMON.has(part)) : [];
        const isIn = (same) => [word, ...parts].some((one) => same.has(one));
        const groups = SAME.flatMap((same, place) => (isIn(same) ? [`=${place}`] : []));
        return { word, parts, groups };
    }

    // Whether a word says something. Of the numbers only a status of HTTP does.
    const isTelling = (word) => (
        /^\d+$/.test(word) ? /^[45]\d\d$/.test(word) : !COMMON.has(word.toLowerCase()));

    // The terms of a text, each once.
    const terms = (list) => {
        const each = list.filter(isTelling).map((raw) => [stem(raw), term(raw)]);
        return [...new Map(each).values()];
    };
    const names = (list) => new Set(list.flatMap(({ word, parts }) => [word, ...parts]));
    const meanings = (list) => new Set([...names(list), ...list.flatMap(({ groups }) => groups)]);
    const sum = (list, weight) => list.reduce((total, one) => total + weight(one), 0);

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

    // What is known of a row. `code` are the texts that are set as code in its first cell; of a mistake
    // the second cell has no answer, but leads to a program.
    function entry(symptom, code, answer, isProgram) {
        const seen = terms(words(symptom));
        return {
            // A long row has many words: to have one of them says less.
            weight: (isProgram ? PROGRAM : 1) / Math.sqrt(8 + seen.length),
            symptom: meanings(seen),
            answer: meanings(terms(words(answer))),
            // A name alone is no message, and neither is what is left of one between two gaps.
            messages: code.flatMap((text) => text.split('…')).map((text) => words(text))
                .filter((list) => list.length > 2 || list.filter(isTelling).length > 1)
                .map((list) => list.map(inMessage)),
        };
    }

    // The entries that fit a query, the best first, as their places in the list.
    function rank(query, entries) {
        const raw = words(query);
        const asked = raw.map(inMessage);
        // A name that no row has is its parts.
        const isKnown = (word) => entries.some((row) => row.symptom.has(word) || row.answer.has(word));
        const sought = terms(raw.flatMap((word) => {
            const { parts } = term(word);
            return parts.length === 0 || isKnown(stem(word)) ? [word] : parts;
        }));

        // A word weighs more the fewer rows have it.
        const weights = new Map();
        function of(word) {
            if (!weights.has(word)) {
                const having = entries.filter((row) => row.symptom.has(word) || row.answer.has(word));
                weights.set(word, Math.log(1 + entries.length / (1 + having.length)));
            }
            return weights.get(word);
        }
        const fit = ({ word, parts, groups }, known) => (known.has(word)
            ? of(word)
            : SIMILAR * Math.max(
                sum(parts.filter((part) => known.has(part)), of),
                ...groups.filter((group) => known.has(group)).map(of),
            ));

        const scored = entries.map((row, place) => {
            const said = sum(sought, (one) => Math.max(
                fit(one, row.symptom),
                (one.parts.length > 0 ? 1 : ANSWER) * fit(one, row.answer),
            ));
            const messages = row.messages.map((message) => {
                const common = commonRun(asked, message);
                const isWhole = common.length === message.length;
                const isAsked = common.length === asked.length && asked.length > 1;
                return isWhole || isAsked || common.length > 3
                    ? sum(common, (word) => (COMMON.has(word) || word === '#' ? LEAST : of(word)))
                    : 0;
            });
            const exact = MESSAGE * Math.max(0, ...messages);
            return { place, score: (said + exact) * row.weight, found: said + exact };
        });
        scored.sort((a, b) => b.score - a.score);
        const best = scored[0];
        if (!best || best.found < ENOUGH) {
            return [];
        }
        return scored
            .filter((row) => row.score >= BEHIND * best.score)
            .slice(0, SHOWN)
            .map((row) => row.place);
    }

    // What to mark in a text.
    const telling = (text) => names(terms(words(text)));

    return { telling, entry, rank };
})();

(() => {
    const heading = document.getElementById('by-symptom');
    if (!heading) {
        return;
    }
    const { telling, entry, rank } = finder;

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
                if (![...telling(part)].some((word) => known.has(word))) {
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
        row.cells[1].querySelector('a[href*="/examples/"]') !== null,
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
        const known = telling(query);
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
