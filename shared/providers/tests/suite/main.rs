//! What every provider must do, and what nobody may get past: the conformance suite over the list of providers, the samples
//! under `events/providers`, and the forgeries of SNS posts.

#[cfg(test)]
mod addresses;
#[cfg(test)]
mod aws_sms;
#[cfg(test)]
mod bits;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod forgeries;
#[cfg(test)]
mod gmail;
#[cfg(test)]
mod posts;
#[cfg(test)]
mod ses;
