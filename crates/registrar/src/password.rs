use std::sync::{Arc, Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq;
use tegata_domain::{Entropy, InitialPassword};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

const SALT_LEN: usize = 16;
const HASH_LEN: usize = 32;

/// What an Argon2id hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for Cost {
    /// 19 MiB, 2 passes: the OWASP Password Storage Cheat Sheet's second choice.
    fn default() -> Self {
        Self { memory: 19 * 1024, passes: 2 }
    }
}

/// Hashes and verifies initial passwords with Argon2id (RFC 9106), at most as many at the same
/// time as there are processors, each in memory that is used again.
pub struct Passwords {
    cost: Cost,
    permits: Arc<Semaphore>,
    memory: Mutex<Vec<Vec<Block>>>,
    /// What a password is compared with when there is nothing to compare it with.
    nobody: String,
}

impl Passwords {
    /// With the given cost and at most `parallel` hashes at a time.
    pub fn new(cost: Cost, parallel: usize) -> Self {
        Self {
            cost,
            permits: Arc::new(Semaphore::new(parallel.max(1))),
            memory: Mutex::default(),
            nobody: phc(cost, &[0; SALT_LEN], &[0; HASH_LEN]),
        }
    }

    /// Hashes a password. Takes tens of milliseconds; for commands, not for handlers.
    pub fn hash(&self, password: &InitialPassword, entropy: &dyn Entropy) -> String {
        let mut salt = [0; SALT_LEN];
        entropy.fill(&mut salt);
        phc(self.cost, &salt, &*self.run(self.cost, &salt, password.as_bytes()))
    }

    /// Whether `password` is the one behind `hash`. With neither a hash nor a password that
    /// could be one, does the same work and says no. What else every try has to cost is done
    /// `beside`, whether the password is right or not; `None` when the process ends meanwhile.
    pub async fn verify<T: Send + 'static>(
        self: &Arc<Self>,
        hash: Option<String>,
        password: Option<InitialPassword>,
        beside: impl FnOnce() -> T + Send + 'static,
    ) -> Option<(bool, T)> {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        let this = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let known = hash.is_some() && password.is_some();
            let octets = password.as_ref().map_or(&[][..], InitialPassword::as_bytes);
            let matches = this.matches(hash.as_deref().unwrap_or(&this.nobody), octets);
            (matches && known, beside())
        })
        .await
        .ok()
    }

    fn matches(&self, hash: &str, password: &[u8]) -> bool {
        let Some((cost, salt, expected)) = parse(hash) else {
            return false;
        };
        self.run(cost, &salt, password)[..].ct_eq(&expected).into()
    }

    fn run(&self, cost: Cost, salt: &[u8], password: &[u8]) -> Zeroizing<[u8; HASH_LEN]> {
        let mut out = Zeroizing::new([0; HASH_LEN]);
        let Ok(params) = Params::new(cost.memory, cost.passes, 1, Some(HASH_LEN)) else {
            return out;
        };
        let blocks = params.block_count();
        let idle = self.memory.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut memory = idle.unwrap_or_default();
        memory.resize(blocks, Block::new());
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        // Fails only for lengths out of range, and these are fixed; all zeros match nothing.
        let _ = argon2.hash_password_into_with_memory(password, salt, &mut *out, &mut memory);
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
        out
    }
}

/// The PHC string of a hash.
fn phc(cost: Cost, salt: &[u8], hash: &[u8]) -> String {
    format!(
        "$argon2id$v=19$m={},t={},p=1${}${}",
        cost.memory,
        cost.passes,
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(hash)
    )
}

fn parse(text: &str) -> Option<(Cost, Vec<u8>, Vec<u8>)> {
    let rest = text.strip_prefix("$argon2id$v=19$m=")?;
    let (memory, rest) = rest.split_once(",t=")?;
    let (passes, rest) = rest.split_once(",p=1$")?;
    let (salt, hash) = rest.split_once('$')?;
    let cost = Cost { memory: memory.parse().ok()?, passes: passes.parse().ok()? };
    Some((cost, STANDARD_NO_PAD.decode(salt).ok()?, STANDARD_NO_PAD.decode(hash).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl Entropy for Counting {
        fn fill(&self, octets: &mut [u8]) {
            octets.iter_mut().zip(1..).for_each(|(octet, i)| *octet = i);
        }
    }

    const CHEAP: Cost = Cost { memory: 64, passes: 1 };

    #[tokio::test]
    async fn only_the_right_password_matches() {
        let passwords = Arc::new(Passwords::new(CHEAP, 2));
        let right: InitialPassword = "01AB-CDEF-GHJK-MNPQ".parse().unwrap();
        let wrong: InitialPassword = "01AB-CDEF-GHJK-MNPR".parse().unwrap();
        let hash = passwords.hash(&right, &Counting);
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
        for (known, said, matches) in [
            (Some(&hash), Some(&right), true),
            (Some(&hash), Some(&wrong), false),
            (Some(&hash), None, false),
            (None, Some(&right), false),
            (None, None, false),
        ] {
            let verified = passwords.verify(known.cloned(), said.cloned(), || "done as well");
            assert_eq!(verified.await, Some((matches, "done as well")));
        }
    }

    #[test]
    fn memory_is_used_again() {
        let passwords = Passwords::new(CHEAP, 2);
        let password: InitialPassword = "01AB-CDEF-GHJK-MNPQ".parse().unwrap();
        let first = passwords.hash(&password, &Counting);
        assert_eq!(passwords.hash(&password, &Counting), first, "left-overs do not leak in");
        assert_eq!(passwords.memory.lock().unwrap().len(), 1);
    }
}
