//! reminder-scan
