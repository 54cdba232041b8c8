//! Data for the `icu_segmenter` crate: its rules, without its dictionaries. See `README.md`.

#![no_std]

include!("../data/segmenter_break_grapheme_cluster_v1.rs.data");
include!("../data/segmenter_break_line_v1.rs.data");
include!("../data/segmenter_break_sentence_v1.rs.data");
include!("../data/segmenter_break_sentence_override_v1.rs.data");
include!("../data/segmenter_break_word_v1.rs.data");
include!("../data/segmenter_break_word_override_v1.rs.data");

/// Makes a type one that data can be given to, as in every data crate of ICU4X.
#[doc(hidden)]
#[macro_export]
macro_rules! __make_provider {
    ($name:ty) => {
        impl $name {
            #[allow(dead_code)]
            pub(crate) const MUST_USE_MAKE_PROVIDER_MACRO: () = ();
        }
        icu_provider::marker::impl_data_provider_never_marker!($name);
    };
}
#[doc(inline)]
pub use __make_provider as make_provider;

/// Says that there is no dictionary of a kind.
#[doc(hidden)]
#[macro_export]
macro_rules! __without {
    ($provider:ty, $marker:ident) => {
        impl icu_provider::DataProvider<icu::segmenter::provider::$marker> for $provider {
            fn load(
                &self,
                req: icu_provider::DataRequest,
            ) -> Result<
                icu_provider::DataResponse<icu::segmenter::provider::$marker>,
                icu_provider::DataError,
            > {
                Err(icu_provider::DataErrorKind::IdentifierNotFound.with_req(
                    <icu::segmenter::provider::$marker as icu_provider::DataMarker>::INFO,
                    req,
                ))
            }
        }
    };
}

/// Words of Chinese and Japanese.
#[doc(hidden)]
#[macro_export]
macro_rules! __impl_segmenter_dictionary_auto_v2 {
    ($provider:ty) => {
        $crate::__without!($provider, SegmenterDictionaryAutoV2);
    };
}
#[doc(inline)]
pub use __impl_segmenter_dictionary_auto_v2 as impl_segmenter_dictionary_auto_v2;

/// Words of Burmese, Khmer, Lao and Thai.
#[doc(hidden)]
#[macro_export]
macro_rules! __impl_segmenter_dictionary_extended_v2 {
    ($provider:ty) => {
        $crate::__without!($provider, SegmenterDictionaryExtendedV2);
    };
}
#[doc(inline)]
pub use __impl_segmenter_dictionary_extended_v2 as impl_segmenter_dictionary_extended_v2;

/// The version of CLDR that the rules were made from.
#[macro_export]
macro_rules! cldr_tag {
    () => {
        "49.0.0"
    };
}

/// The version of Unicode that the rules were made from.
#[macro_export]
macro_rules! unicode_tag {
    () => {
        "18.0.0"
    };
}
