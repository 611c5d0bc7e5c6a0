// Gives each text of the panel from which a recipe is taken a button that copies exactly that text.
'use strict';

(() => {
    /** How long a button says what it has done, in milliseconds. */
    const SHOWN = 2000;

    function selectAll(code) {
        const details = code.closest('details');
        if (details) {
            details.open = true;
        }
        getSelection().selectAllChildren(code);
    }

    function unsay(status) {
        status.className = 'unseen';
        status.textContent = '';
    }

    function addButton(figure) {
        const code = figure.querySelector('pre > code');
        // mdBook has put a button into the block. One is enough.
        figure.querySelector('pre > .buttons')?.remove();

        const button = document.createElement('button');
        const label = document.createElement('span');
        const what = document.createElement('span');
        button.type = 'button';
        label.textContent = 'Copy';
        what.className = 'unseen';
        what.textContent = ` ${figure.dataset.copy}`;
        button.append(label, what);
        const status = document.createElement('span');
        status.className = 'unseen';
        status.setAttribute('role', 'status');
        figure.querySelector('figcaption').append(button, status);

        let back;
        button.addEventListener('click', async () => {
            clearTimeout(back);
            document.querySelectorAll('.take .refused').forEach(unsay);
            try {
                await navigator.clipboard.writeText(code.textContent);
                label.textContent = 'Copied';
                // The button shows it: this is for who listens.
                status.textContent = `Copied ${figure.dataset.copy}`;
            } catch {
                // Refused, or the page has no clipboard, as on a host without TLS.
                selectAll(code);
                label.textContent = 'Selected';
                status.className = 'refused';
                status.textContent = 'The browser refuses the clipboard. The text is selected: copy it with the keyboard.';
            }
            back = setTimeout(() => {
                label.textContent = 'Copy';
                if (!status.classList.contains('refused')) {
                    unsay(status);
                }
            }, SHOWN);
        });
    }

    // mdBook takes the last end of line from a page's Rust examples, and its buttons copy what is there.
    document.querySelectorAll('pre > code.language-rust').forEach(code => {
        if (!code.textContent.endsWith('\n')) {
            code.append('\n');
        }
    });

    document.querySelectorAll('.take figure[data-copy]').forEach(addButton);
})();
