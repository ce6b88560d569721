//! Services as host processes.
