"""Texts that come in from office suites and other portals, and go out to them: docx, odt, Markdown, HTML, PDF."""
