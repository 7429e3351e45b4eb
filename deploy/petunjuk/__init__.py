"""The pictures of the clerk's guide, taken of the real programs."""

PICTURES = (
    "masuk",
    "beranda",
    "cari",
    "penduduk",
    "surat-isian",
    "surat-periksa",
    "surat-terbit",
    "batalkan",
    "usulkan",
    "luring",
    "beranda-kabar",
    "jawaban",
    "nomor",
    "server-diganti",
)
"""All pictures, in the order in which they are taken."""
