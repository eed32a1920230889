//! Code lists, units, rates: what a ministry changes by letter, with validity dates.
