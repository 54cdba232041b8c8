//! The two ways in which parts of the file are encrypted, and the MAC over the whole.

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockDecryptMut, BlockEncryptMut, KeyIvInit};
use der::asn1::{Any, OctetString};
use der::{Decode, Encode};
use des::TdesEde3;
use hmac::{Hmac, Mac};
use pkcs5::pbes2;
use pkcs12::PKCS_12_PBE_WITH_SHAAND3_KEY_TRIPLE_DES_CBC as PBE_3DES;
use pkcs12::digest_info::DigestInfo;
use pkcs12::kdf::{Pkcs12KeyType, derive_key_utf8};
use pkcs12::mac_data::MacData;
use pkcs12::pbe_params::Pkcs12PbeParams;
use sha1::Sha1;
use sha2::Sha256;
use tegata_domain::Entropy;
use x509_cert::spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use super::super::Pkcs12Form;

/// Rounds of key derivation. An initial password has 80 bits of its own; this guards a weaker
/// one of the user's choice (NSS takes at most 600,000 rounds).
const ROUNDS: u32 = 100_000;

/// Rounds in the legacy form, as old readers expect them.
const LEGACY_ROUNDS: u32 = 2048;

/// Most rounds that a file may ask of us.
const MAX_ROUNDS: u32 = 5_000_000;

const ID_SHA1: der::oid::ObjectIdentifier = const_oid::db::rfc5912::ID_SHA_1;
const ID_SHA256: der::oid::ObjectIdentifier = const_oid::db::rfc5912::ID_SHA_256;

/// Wrong password, damage, or an algorithm this program does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

impl From<der::Error> for Unreadable {
    fn from(_: der::Error) -> Self {
        Self
    }
}

impl From<pkcs5::Error> for Unreadable {
    fn from(_: pkcs5::Error) -> Self {
        Self
    }
}

/// Encrypts with PBES2 (RFC 8018 §6.2), or in the legacy form with Triple DES (RFC 7292
/// appendix C). 40-bit RC2, the old default for certificates, is never written.
pub(super) fn encrypt(
    plain: &[u8],
    password: &str,
    form: Pkcs12Form,
    entropy: &dyn Entropy,
) -> Result<(AlgorithmIdentifierOwned, Vec<u8>), Unreadable> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    entropy.fill(&mut salt);
    entropy.fill(&mut iv);
    match form {
        Pkcs12Form::Modern => {
            let parameters = pbes2::Parameters::pbkdf2_sha256_aes256cbc(ROUNDS, &salt, &iv)?;
            let encrypted = parameters.encrypt(password, plain)?;
            Ok((algorithm(pbes2::PBES2_OID, &parameters)?, encrypted))
        }
        Pkcs12Form::Legacy => {
            let parameters = Pkcs12PbeParams {
                salt: OctetString::new(&salt[..8])?,
                iterations: LEGACY_ROUNDS as i32,
            };
            let (key, iv) = triple_des_key(&parameters, password)?;
            let cipher =
                cbc::Encryptor::<TdesEde3>::new_from_slices(&key, &iv).map_err(|_| Unreadable)?;
            Ok((algorithm(PBE_3DES, &parameters)?, cipher.encrypt_padded_vec_mut::<Pkcs7>(plain)))
        }
    }
}

/// Undoes [`encrypt`].
pub(super) fn decrypt(
    algorithm: &AlgorithmIdentifierOwned,
    encrypted: &[u8],
    password: &str,
) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let parameters = algorithm.parameters.as_ref().ok_or(Unreadable)?.to_der()?;
    match algorithm.oid {
        pbes2::PBES2_OID => {
            let parameters = pbes2::Parameters::from_der(&parameters)?;
            match &parameters.kdf {
                pbes2::Kdf::Pbkdf2(kdf) if kdf.iteration_count <= MAX_ROUNDS => {}
                _ => return Err(Unreadable),
            }
            Ok(Zeroizing::new(parameters.decrypt(password, encrypted)?))
        }
        PBE_3DES => {
            let parameters = Pkcs12PbeParams::from_der(&parameters)?;
            let (key, iv) = triple_des_key(&parameters, password)?;
            cbc::Decryptor::<TdesEde3>::new_from_slices(&key, &iv)
                .map_err(|_| Unreadable)?
                .decrypt_padded_vec_mut::<Pkcs7>(encrypted)
                .map(Zeroizing::new)
                .map_err(|_| Unreadable)
        }
        _ => Err(Unreadable),
    }
}

/// The MAC over the file's contents (RFC 7292 §4, appendix B).
pub(super) fn mac(
    contents: &[u8],
    password: &str,
    form: Pkcs12Form,
    entropy: &dyn Entropy,
) -> Result<MacData, Unreadable> {
    let mut salt = [0; 16];
    entropy.fill(&mut salt);
    let (oid, salt, rounds) = match form {
        Pkcs12Form::Modern => (ID_SHA256, &salt[..], ROUNDS),
        Pkcs12Form::Legacy => (ID_SHA1, &salt[..8], LEGACY_ROUNDS),
    };
    let digest = match form {
        Pkcs12Form::Modern => {
            sha256(password, salt, rounds)?.chain_update(contents).finalize().into_bytes().to_vec()
        }
        Pkcs12Form::Legacy => {
            sha1(password, salt, rounds)?.chain_update(contents).finalize().into_bytes().to_vec()
        }
    };
    let algorithm = AlgorithmIdentifierOwned { oid, parameters: Some(Any::null()) };
    Ok(MacData {
        mac: DigestInfo { algorithm, digest: OctetString::new(digest)? },
        mac_salt: OctetString::new(salt)?,
        iterations: rounds as i32,
    })
}

/// Checks the MAC in constant time.
pub(super) fn check_mac(data: &MacData, contents: &[u8], password: &str) -> Result<(), Unreadable> {
    let rounds = u32::try_from(data.iterations).map_err(|_| Unreadable)?;
    let (salt, digest) = (data.mac_salt.as_bytes(), data.mac.digest.as_bytes());
    match data.mac.algorithm.oid {
        ID_SHA256 => sha256(password, salt, rounds)?.chain_update(contents).verify_slice(digest),
        ID_SHA1 => sha1(password, salt, rounds)?.chain_update(contents).verify_slice(digest),
        _ => return Err(Unreadable),
    }
    .map_err(|_| Unreadable)
}

fn sha256(password: &str, salt: &[u8], rounds: u32) -> Result<Hmac<Sha256>, Unreadable> {
    let key = derive::<Sha256>(password, salt, Pkcs12KeyType::Mac, rounds, 32)?;
    <Hmac<Sha256> as Mac>::new_from_slice(&key).map_err(|_| Unreadable)
}

fn sha1(password: &str, salt: &[u8], rounds: u32) -> Result<Hmac<Sha1>, Unreadable> {
    let key = derive::<Sha1>(password, salt, Pkcs12KeyType::Mac, rounds, 20)?;
    <Hmac<Sha1> as Mac>::new_from_slice(&key).map_err(|_| Unreadable)
}

type Octets = Zeroizing<Vec<u8>>;

fn triple_des_key(
    parameters: &Pkcs12PbeParams,
    password: &str,
) -> Result<(Octets, Octets), Unreadable> {
    let rounds = u32::try_from(parameters.iterations).map_err(|_| Unreadable)?;
    let salt = parameters.salt.as_bytes();
    let key = derive::<Sha1>(password, salt, Pkcs12KeyType::EncryptionKey, rounds, 24)?;
    let iv = derive::<Sha1>(password, salt, Pkcs12KeyType::Iv, rounds, 8)?;
    Ok((key, iv))
}

fn derive<D>(
    password: &str,
    salt: &[u8],
    purpose: Pkcs12KeyType,
    rounds: u32,
    len: usize,
) -> Result<Octets, Unreadable>
where
    D: hmac::digest::Digest
        + hmac::digest::FixedOutputReset
        + hmac::digest::core_api::BlockSizeUser,
{
    // An empty salt would divide by zero further down.
    if rounds == 0 || rounds > MAX_ROUNDS || salt.is_empty() {
        return Err(Unreadable);
    }
    Ok(Zeroizing::new(derive_key_utf8::<D>(password, salt, purpose, rounds as i32, len)?))
}

fn algorithm(
    oid: der::oid::ObjectIdentifier,
    parameters: &impl Encode,
) -> Result<AlgorithmIdentifierOwned, Unreadable> {
    let parameters = Any::from_der(&parameters.to_der()?)?;
    Ok(AlgorithmIdentifierOwned { oid, parameters: Some(parameters) })
}
