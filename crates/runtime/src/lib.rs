//! Where releases run: the Runtime trait and one module per runtime.
