/*
 * Copyright (C) ngx_video authors
 *
 * The pieces of text that HLS playlists and DASH manifests share.
 */

#include <inttypes.h>
#include <string.h>

#include "nvm_text.h"


/* 9999-12-31T23:59:59.999Z */
#define NVM_TEXT_DATE_MAX   253402300799999LL

/*
 * ISO 639-2 codes, terminological and bibliographic, and the ISO 639-1
 * code of the same language.
 */
static const struct {
    char  iso[4];
    char  tag[3];
} nvm_text_langs[] = {
    { "afr", "af" }, { "alb", "sq" }, { "amh", "am" }, { "ara", "ar" },
    { "arm", "hy" }, { "asm", "as" }, { "aze", "az" }, { "baq", "eu" },
    { "bel", "be" }, { "ben", "bn" }, { "bod", "bo" }, { "bos", "bs" },
    { "bre", "br" }, { "bul", "bg" }, { "bur", "my" }, { "cat", "ca" },
    { "ces", "cs" }, { "chi", "zh" }, { "cos", "co" }, { "cym", "cy" },
    { "cze", "cs" }, { "dan", "da" }, { "deu", "de" }, { "div", "dv" },
    { "dut", "nl" }, { "ell", "el" }, { "eng", "en" }, { "epo", "eo" },
    { "est", "et" }, { "eus", "eu" }, { "fao", "fo" }, { "fas", "fa" },
    { "fij", "fj" }, { "fin", "fi" }, { "fra", "fr" }, { "fre", "fr" },
    { "fry", "fy" }, { "ful", "ff" }, { "geo", "ka" }, { "ger", "de" },
    { "gla", "gd" }, { "gle", "ga" }, { "glg", "gl" }, { "gre", "el" },
    { "grn", "gn" }, { "guj", "gu" }, { "hat", "ht" }, { "hau", "ha" },
    { "heb", "he" }, { "hin", "hi" }, { "hrv", "hr" }, { "hun", "hu" },
    { "hye", "hy" }, { "ibo", "ig" }, { "ice", "is" }, { "ind", "id" },
    { "ipk", "ik" }, { "isl", "is" }, { "ita", "it" }, { "jav", "jv" },
    { "jpn", "ja" }, { "kan", "kn" }, { "kas", "ks" }, { "kat", "ka" },
    { "kaz", "kk" }, { "khm", "km" }, { "kin", "rw" }, { "kir", "ky" },
    { "kor", "ko" }, { "kur", "ku" }, { "lao", "lo" }, { "lat", "la" },
    { "lav", "lv" }, { "lin", "ln" }, { "lit", "lt" }, { "ltz", "lb" },
    { "mac", "mk" }, { "mal", "ml" }, { "mao", "mi" }, { "mar", "mr" },
    { "may", "ms" }, { "mkd", "mk" }, { "mlg", "mg" }, { "mlt", "mt" },
    { "mon", "mn" }, { "mri", "mi" }, { "msa", "ms" }, { "mya", "my" },
    { "nep", "ne" }, { "nld", "nl" }, { "nno", "nn" }, { "nob", "nb" },
    { "nor", "no" }, { "oci", "oc" }, { "ori", "or" }, { "orm", "om" },
    { "pan", "pa" }, { "per", "fa" }, { "pol", "pl" }, { "por", "pt" },
    { "pus", "ps" }, { "que", "qu" }, { "roh", "rm" }, { "ron", "ro" },
    { "rum", "ro" }, { "rus", "ru" }, { "san", "sa" }, { "sin", "si" },
    { "slk", "sk" }, { "slo", "sk" }, { "slv", "sl" }, { "smo", "sm" },
    { "sna", "sn" }, { "snd", "sd" }, { "som", "so" }, { "sot", "st" },
    { "spa", "es" }, { "sqi", "sq" }, { "srp", "sr" }, { "sun", "su" },
    { "swa", "sw" }, { "swe", "sv" }, { "tam", "ta" }, { "tat", "tt" },
    { "tel", "te" }, { "tgk", "tg" }, { "tgl", "tl" }, { "tha", "th" },
    { "tib", "bo" }, { "tir", "ti" }, { "ton", "to" }, { "tsn", "tn" },
    { "tso", "ts" }, { "tuk", "tk" }, { "tur", "tr" }, { "twi", "tw" },
    { "uig", "ug" }, { "ukr", "uk" }, { "urd", "ur" }, { "uzb", "uz" },
    { "vie", "vi" }, { "wel", "cy" }, { "wol", "wo" }, { "xho", "xh" },
    { "yid", "yi" }, { "yor", "yo" }, { "zha", "za" }, { "zho", "zh" },
    { "zul", "zu" }
};


/* Those of the codes that are bibliographic, three letters each. */
static const char  nvm_text_bibliographic[] =
    "albarmbaqburchiczedutfregeogergreicemacmaomayperrumslotibwel";


/* Those of the characters of RFC 3986 that stay as they are. */
static const char  nvm_text_uri_marks[] = "-._~:/?@!&'()*+,;=%";


static unsigned
nvm_text_is_alnum(unsigned c)
{
    return (c >= '0' && c <= '9')
           || (c >= 'A' && c <= 'Z')
           || (c >= 'a' && c <= 'z');
}


/*
 * Length of the UTF-8 sequence at p (Unicode, table 3-7), 0 when ill-formed;
 * stops at the terminating zero because that is no continuation byte.
 */
static size_t
nvm_text_utf8(const char *s, uint32_t *code)
{
    size_t          i, n;
    uint32_t        c;
    const uint8_t  *p;

    static const uint32_t  least[] = { 0, 0, 0x80, 0x800, 0x10000 };

    p = (const uint8_t *) s;
    c = p[0];
    *code = c;

    if (c < 0x80) {
        return 1;
    }

    if (c < 0xc2 || c > 0xf4) {
        return 0;
    }

    n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    c &= 0x7fu >> n;

    for (i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }

        c = c << 6 | (p[i] & 0x3f);
    }

    *code = c;

    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)
        || (c & 0xfffe) == 0xfffe)
    {
        return 0;
    }

    return n;
}


/* One character of human text as both formats want it; returns its length. */
static size_t
nvm_text_char(nvm_writer_t *w, const char *s)
{
    size_t    n;
    uint32_t  code;

    n = nvm_text_utf8(s, &code);

    if (n == 0) {
        nvm_writer_text(w, "?");
        return 1;
    }

    if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) {
        nvm_writer_text(w, " ");
        return n;
    }

    nvm_writer_bytes(w, s, n);

    return n;
}


uint64_t
nvm_text_us(uint64_t ticks, uint32_t timescale)
{
    unsigned __int128  p;

    p = (unsigned __int128) ticks * 1000000;

    return (uint64_t) ((p + timescale / 2) / timescale);
}


void
nvm_text_seconds(nvm_writer_t *w, uint64_t us)
{
    nvm_writer_number(w, us / 1000000, 1);
    nvm_writer_text(w, ".");
    nvm_writer_number(w, us % 1000000, 6);
}


void
nvm_text_date(nvm_writer_t *w, int64_t ms)
{
    uint32_t  days, era, doe, yoe, doy, mp, year, month, rest;

    ms = ms < 0 ? 0 : ms > NVM_TEXT_DATE_MAX ? NVM_TEXT_DATE_MAX : ms;

    /*
     * Days are counted from 0000-03-01, 719468 days before 1970, in eras of
     * 400 years: a year that begins in March has its leap day at the end.
     */
    days = (uint32_t) (ms / 86400000) + 719468;
    rest = (uint32_t) (ms % 86400000);

    era = days / 146097;
    doe = days % 146097;
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    mp = (5 * doy + 2) / 153;

    month = mp < 10 ? mp + 3 : mp - 9;
    year = era * 400 + yoe + (month <= 2);

    nvm_writer_number(w, year, 4);
    nvm_writer_text(w, "-");
    nvm_writer_number(w, month, 2);
    nvm_writer_text(w, "-");
    nvm_writer_number(w, doy - (153 * mp + 2) / 5 + 1, 2);
    nvm_writer_text(w, "T");
    nvm_writer_number(w, rest / 3600000, 2);
    nvm_writer_text(w, ":");
    nvm_writer_number(w, rest / 60000 % 60, 2);
    nvm_writer_text(w, ":");
    nvm_writer_number(w, rest / 1000 % 60, 2);
    nvm_writer_text(w, ".");
    nvm_writer_number(w, rest % 1000, 3);
    nvm_writer_text(w, "Z");
}


/* Whether a byte of a URI is written as it is; the terminating zero is not. */
static unsigned
nvm_text_stays(unsigned c, unsigned xml)
{
    if (c == '&') {
        return !xml;
    }

    return nvm_text_is_alnum(c)
           || (c && strchr(nvm_text_uri_marks, (int) c) != NULL);
}


void
nvm_text_uri(nvm_writer_t *w, const char *s, unsigned xml)
{
    size_t    n;
    unsigned  c;

    if (s == NULL) {
        return;
    }

    for ( ;; ) {
        for (n = 0; nvm_text_stays(c = (uint8_t) s[n], xml); n++) { /* void */ }

        nvm_writer_bytes(w, s, n);
        s += n + 1;

        if (c == 0) {
            return;
        }

        if (c == '&') {
            nvm_writer_text(w, "&amp;");

        } else {
            nvm_writer_fmt(w, "%%%02X", c);
        }
    }
}


void
nvm_text_query(nvm_writer_t *w, const char *query, unsigned xml)
{
    if (query == NULL || *query == '\0') {
        return;
    }

    nvm_writer_text(w, "?");
    nvm_text_uri(w, query, xml);
}


void
nvm_text_quoted(nvm_writer_t *w, const char *s)
{
    while (s != NULL && *s) {

        if (*s == '"') {
            nvm_writer_text(w, "'");
            s++;
            continue;
        }

        s += nvm_text_char(w, s);
    }
}


void
nvm_text_xml(nvm_writer_t *w, const char *s)
{
    const char  *ref;

    while (s != NULL && *s) {

        switch (*s) {
        case '&':
            ref = "&amp;";
            break;

        case '<':
            ref = "&lt;";
            break;

        case '>':
            ref = "&gt;";
            break;

        case '"':
            ref = "&quot;";
            break;

        default:
            s += nvm_text_char(w, s);
            continue;
        }

        nvm_writer_text(w, ref);
        s++;
    }
}


const char *
nvm_text_lang(const char *lang)
{
    size_t  i;

    if (lang == NULL || strlen(lang) != 3 || strcmp(lang, "und") == 0) {
        return NULL;
    }

    for (i = 0; i < 3; i++) {
        if (lang[i] < 'a' || lang[i] > 'z') {
            return NULL;
        }
    }

    for (i = 0; i < sizeof(nvm_text_langs) / sizeof(nvm_text_langs[0]); i++) {
        if (strcmp(nvm_text_langs[i].iso, lang) == 0) {
            return nvm_text_langs[i].tag;
        }
    }

    return lang;
}


static unsigned
nvm_text_is_alpha(unsigned c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}


/* The length of the subtag at s, 0 when it is none (RFC 5646, 2.1). */
static size_t
nvm_text_subtag(const char *s, unsigned *alpha)
{
    size_t  n;

    *alpha = 1;

    for (n = 0; nvm_text_is_alnum((uint8_t) s[n]); n++) {
        *alpha &= nvm_text_is_alpha((uint8_t) s[n]);
    }

    return n <= 8 && (s[n] == '\0' || s[n] == '-') ? n : 0;
}


/*
 * A subtag in its usual case (RFC 5646, 2.1.1): small, but of a script the
 * first letter and of a region both are capitals.
 */
static void
nvm_text_case(char *s, size_t n, unsigned script, unsigned region)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (region || (script && i == 0)) {
            s[i] = (char) (s[i] >= 'a' && s[i] <= 'z' ? s[i] - 32 : s[i]);

        } else {
            s[i] = (char) (s[i] >= 'A' && s[i] <= 'Z' ? s[i] + 32 : s[i]);
        }
    }
}


int
nvm_text_tag(const char *s, char tag[NVM_TEXT_TAG])
{
    char         code[4];
    size_t       n, len;
    unsigned     alpha, extension, private;
    const char  *shorter;

    n = nvm_text_subtag(s, &alpha);

    if (!alpha || n < 2 || n > 3) {
        return -1;
    }

    memset(code, 0, sizeof(code));
    memcpy(code, s, n);
    nvm_text_case(code, n, 0, 0);
    shorter = n == 3 ? nvm_text_lang(code) : NULL;

    len = shorter ? strlen(shorter) : n;
    memcpy(tag, shorter ? shorter : code, len + 1);
    extension = 0;
    private = 0;

    while (s[n] == '-') {
        s += n + 1;
        n = nvm_text_subtag(s, &alpha);

        if (n == 0 || len + 1 + n >= NVM_TEXT_TAG) {
            return -1;
        }

        if (n == 1 && !private && s[1] == '\0') {
            /* what it introduces is missing */
            return -1;
        }

        private |= n == 1 && (*s == 'x' || *s == 'X');
        extension |= n == 1;

        tag[len++] = '-';
        memcpy(tag + len, s, n);
        nvm_text_case(tag + len, n, alpha && n == 4 && !extension,
                      alpha && n == 2 && !extension);
        len += n;
        tag[len] = '\0';
    }

    return 0;
}


static unsigned
nvm_text_is_bibliographic(const char *iso)
{
    size_t  i;

    for (i = 0; i < sizeof(nvm_text_bibliographic) - 1; i += 3) {
        if (memcmp(nvm_text_bibliographic + i, iso, 3) == 0) {
            return 1;
        }
    }

    return 0;
}


void
nvm_text_iso(const char *tag, char iso[4])
{
    size_t  i, n;

    for (n = 0; n < 3 && tag[n] != '\0' && tag[n] != '-'; n++) { /* void */ }

    memcpy(iso, "und", 4);

    if (n == 3) {
        memcpy(iso, tag, 3);
        return;
    }

    for (i = 0; i < sizeof(nvm_text_langs) / sizeof(nvm_text_langs[0]); i++) {
        if (n == 2 && memcmp(nvm_text_langs[i].tag, tag, 2) == 0
            && !nvm_text_is_bibliographic(nvm_text_langs[i].iso))
        {
            memcpy(iso, nvm_text_langs[i].iso, 4);
            return;
        }
    }
}
