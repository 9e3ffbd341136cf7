"""The public portal as plain files: for a server of files, or for a stick where there is no line.

`stock` says what there is to copy and what each page depends on, `writer` has the files and the manifest, `rewriting` makes
the links of a page relative, `words` and `search.js` are the search, `export` puts it together. docs/static-site.md.
"""
