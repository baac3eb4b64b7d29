//! Stories from end to end: the deployed handlers on a stage, told through HTTP, the queue, the stream and the outbox. One binary,
//! because on two cores links are the budget.
#![recursion_limit = "256"]

// stories of the product
mod lifecycle;

// crashes, convergence, exactness, envelopes: another hand writes these; their `mod` lines go between the two marks
// <marked place>
// </marked place>
