/*
 * Copyright (C) ngx_video authors
 *
 * Ladders, from JSON: see vtc_ladder.h.
 */

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "vtc_codec.h"
#include "vtc_ladder.h"


/* of a rung that doesn't say, to its bit rate */
#define VTC_LADDER_MAXRATE  1.1
#define VTC_LADDER_BUFSIZE  1.5

/* a source that is smaller by so much is taken as it is */
#define VTC_LADDER_ABOVE    1.1


#define VTC_RUNG(name, size, bitrate)                                         \
    "{\"name\":\"" name "\",\"size\":\"" size "\",\"bitrate\":\"" bitrate "\"}"

#define VTC_RUNGS_SD                                                          \
    VTC_RUNG("480p", "854x480", "1400k") ","                                  \
    VTC_RUNG("360p", "640x360", "700k")

#define VTC_RUNGS_HD                                                          \
    VTC_RUNG("1080p", "1920x1080", "5000k") ","                               \
    VTC_RUNG("720p", "1280x720", "2800k") "," VTC_RUNGS_SD

static const struct {
    const char  *name;
    const char  *text;
} vtc_ladders[] = {

    { "hd", "{\"rungs\":[" VTC_RUNGS_HD "]}" },
    { "sd", "{\"rungs\":[" VTC_RUNGS_SD ","
            VTC_RUNG("240p", "426x240", "350k") "]}" },
    { "uhd", "{\"rungs\":[" VTC_RUNG("2160p", "3840x2160", "16m") ","
             VTC_RUNG("1440p", "2560x1440", "9m") "," VTC_RUNGS_HD "]}" },
    { NULL, NULL }
};


/* What is being read, for messages. */
typedef struct {
    json_t      *object;
    unsigned     n;             /* number of the rung, from 0 on */
    const char  *of;            /* "rungs[%u]: ", "audio: ", "" */
    FILE        *why;
} vtc_member_t;


static int
vtc_ladder_wrong(const vtc_member_t *m, const char *name, const char *expected)
{
    fprintf(m->why, m->of, m->n);
    fprintf(m->why, "%s: %s is expected", name, expected);

    return -1;
}


/* A string of at most max bytes: NULL, also when there is none. */
static const char *
vtc_ladder_string(const vtc_member_t *m, const char *name, size_t max)
{
    json_t  *value;

    value = json_object_get(m->object, name);

    return value && json_is_string(value)
           && json_string_length(value) <= max
           && strlen(json_string_value(value)) == json_string_length(value)
           ? json_string_value(value) : NULL;
}


/* "5000k", "5m", 5000000: 0, or -1 when it is not within the range. */
static int
vtc_ladder_bits(const vtc_member_t *m, const char *name, uint64_t min,
    uint64_t max, uint64_t *out)
{
    char        *end;
    json_t      *value;
    uint64_t     n;
    const char  *text;

    value = json_object_get(m->object, name);

    if (value == NULL) {
        return 0;
    }

    text = vtc_ladder_string(m, name, 15);
    n = 0;

    if (json_is_integer(value) && json_integer_value(value) > 0) {
        n = (uint64_t) json_integer_value(value);

    } else if (text && isdigit((unsigned char) text[0])) {
        n = strtoull(text, &end, 10);

        /* at most 15 digits */
        n *= *end == 'k' || *end == 'K' ? 1000
             : *end == 'm' || *end == 'M' ? 1000000 : 1;
        n = *end && end[1] ? 0 : *end && !strchr("kKmM", *end) ? 0 : n;
    }

    if (n < min || n > max) {
        return vtc_ladder_wrong(m, name, "a number of bits a second within "
                                "sense, like \"5000k\",");
    }

    *out = n;

    return 0;
}


/* A word of letters, digits, "_" and "-", copied to "out"; absent: as it is. */
static int
vtc_ladder_word(const vtc_member_t *m, const char *name, char *out,
    size_t size)
{
    size_t       n;
    const char  *text;

    if (json_object_get(m->object, name) == NULL) {
        return 0;
    }

    text = vtc_ladder_string(m, name, size - 1);
    n = text ? strspn(text, "abcdefghijklmnopqrstuvwxyz"
                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") : 0;

    if (text == NULL || n == 0 || text[n]) {
        return vtc_ladder_wrong(m, name, "a short word of letters, digits, "
                                "\"_\" and \"-\"");
    }

    memcpy(out, text, n + 1);

    return 0;
}


static int
vtc_ladder_size(const vtc_member_t *m, vtc_rung_t *r)
{
    int          n;
    unsigned     w, h;
    const char  *text;

    n = 0;
    text = vtc_ladder_string(m, "size", 15);

    if (text == NULL || !isdigit((unsigned char) text[0])
        || sscanf(text, "%5ux%5u%n", &w, &h, &n) != 2 || n == 0 || text[n]
        || w % 2 || h % 2 || w < VTC_PIXELS_MIN || h < VTC_PIXELS_MIN
        || w > VTC_PIXELS_MAX || h > VTC_PIXELS_MAX)
    {
        return vtc_ladder_wrong(m, "size", "two even numbers between 32 and "
                                "8192 with an \"x\" between them");
    }

    r->width = w;
    r->height = h;

    return 0;
}


static int
vtc_ladder_fps(const vtc_member_t *m, vtc_rung_t *r)
{
    double   fps;
    json_t  *value;

    value = json_object_get(m->object, "fps");

    if (value == NULL) {
        return 0;
    }

    fps = json_number_value(value);

    if (!(fps >= 1 && fps <= 240)) {
        return vtc_ladder_wrong(m, "fps", "a number between 1 and 240");
    }

    r->fps = av_d2q(fps, 100000);

    return 0;
}


/* No member but those of a list, which NULL ends. */
static int
vtc_ladder_only(const vtc_member_t *m, const char *const *names)
{
    json_t             *value;
    const char         *name;
    const char *const  *p;

    if (!json_is_object(m->object)) {
        fprintf(m->why, m->of, m->n);
        fputs("an object is expected", m->why);
        return -1;
    }

    json_object_foreach (m->object, name, value) {
        (void) value;

        for (p = names; *p && strcmp(*p, name) != 0; p++) { /* void */ }

        if (*p == NULL) {
            fprintf(m->why, m->of, m->n);
            fprintf(m->why, "%.32s: there is no such member", name);
            return -1;
        }
    }

    return 0;
}


static int
vtc_ladder_rung(const vtc_member_t *m, vtc_ladder_t *l)
{
    unsigned     i;
    vtc_rung_t  *r;

    static const char *const  names[] = {
        "name", "size", "bitrate", "maxrate", "bufsize", "fps", "codec",
        "preset", "profile", NULL
    };

    r = &l->rungs[l->n];
    memset(r, 0, sizeof(vtc_rung_t));
    strcpy(r->codec, "h264");
    r->fps.den = 1;

    if (vtc_ladder_only(m, names) != 0
        || vtc_ladder_word(m, "name", r->name, sizeof(r->name)) != 0
        || vtc_ladder_size(m, r) != 0
        || vtc_ladder_bits(m, "bitrate", VTC_BITRATE_MIN, VTC_BITRATE_MAX,
                           &r->bitrate) != 0
        || vtc_ladder_bits(m, "maxrate", VTC_BITRATE_MIN, VTC_BITRATE_MAX,
                           &r->maxrate) != 0
        || vtc_ladder_bits(m, "bufsize", VTC_BITRATE_MIN, VTC_BITRATE_MAX * 10,
                           &r->bufsize) != 0
        || vtc_ladder_fps(m, r) != 0
        || vtc_ladder_word(m, "codec", r->codec, sizeof(r->codec)) != 0
        || vtc_ladder_word(m, "preset", r->preset, sizeof(r->preset)) != 0
        || vtc_ladder_word(m, "profile", r->profile, sizeof(r->profile)) != 0)
    {
        return -1;
    }

    if (r->name[0] == '\0' || r->bitrate == 0) {
        return vtc_ladder_wrong(m, r->name[0] ? "bitrate" : "name", "one");
    }

    if (vtc_codec_find(r->codec) == NULL) {
        return vtc_ladder_wrong(m, "codec", "one of " VTC_CODECS);
    }

    if (r->maxrate == 0) {
        r->maxrate = (uint64_t) (r->bitrate * VTC_LADDER_MAXRATE);
    }

    if (r->maxrate < r->bitrate) {
        return vtc_ladder_wrong(m, "maxrate", "not less than bitrate");
    }

    if (r->bufsize == 0) {
        r->bufsize = (uint64_t) (r->bitrate * VTC_LADDER_BUFSIZE);
    }

    for (i = 0; i < l->n; i++) {
        if (strcmp(l->rungs[i].name, r->name) == 0) {
            return vtc_ladder_wrong(m, "name", "one that no other rung has");
        }
    }

    l->n++;

    return 0;
}


static int
vtc_ladder_audio(const vtc_member_t *m, vtc_ladder_t *l)
{
    json_t                    *value;
    static const char *const   names[] = { "bitrate", "loudnorm", NULL };

    if (json_is_false(m->object)) {
        l->audio = 0;
        return 0;
    }

    if (vtc_ladder_only(m, names) != 0
        || vtc_ladder_bits(m, "bitrate", VTC_AUDIO_BITRATE_MIN,
                           VTC_AUDIO_BITRATE_MAX, &l->audio) != 0)
    {
        return -1;
    }

    value = json_object_get(m->object, "loudnorm");

    if (value && !json_is_boolean(value)) {
        return vtc_ladder_wrong(m, "loudnorm", "true or false");
    }

    l->loudnorm = json_is_true(value);

    return 0;
}


/* What is scaled from another comes after it. */
static int
vtc_ladder_order(const void *a, const void *b)
{
    uint64_t           x, y;
    const vtc_rung_t  *one, *two;

    one = a;
    two = b;
    x = (uint64_t) one->width * one->height;
    y = (uint64_t) two->width * two->height;

    if (x != y) {
        return x > y ? -1 : 1;
    }

    return one->bitrate == two->bitrate ? strcmp(one->name, two->name)
           : one->bitrate > two->bitrate ? -1 : 1;
}


static int
vtc_ladder_read(vtc_ladder_t *l, json_t *root, FILE *why)
{
    size_t        i;
    json_t       *rungs;
    vtc_member_t  m = { root, 0, "", why };

    static const char *const  names[] = { "rungs", "audio", NULL };

    memset(l, 0, sizeof(vtc_ladder_t));
    l->audio = 128000;

    if (vtc_ladder_only(&m, names) != 0) {
        return -1;
    }

    rungs = json_object_get(root, "rungs");

    if (json_array_size(rungs) < 1 || json_array_size(rungs) > VTC_RUNGS_MAX) {
        return vtc_ladder_wrong(&m, "rungs", "a list of 1 to 16 objects");
    }

    for (i = 0; i < json_array_size(rungs); i++) {
        m.object = json_array_get(rungs, i);
        m.n = (unsigned) i;
        m.of = "rungs[%u]: ";

        if (vtc_ladder_rung(&m, l) != 0) {
            return -1;
        }
    }

    qsort(l->rungs, l->n, sizeof(vtc_rung_t), vtc_ladder_order);

    m.object = json_object_get(root, "audio");
    m.of = "audio: ";

    return m.object ? vtc_ladder_audio(&m, l) : 0;
}


int
vtc_ladder_parse(vtc_ladder_t *l, const char *text, size_t n, FILE *why)
{
    int           rc;
    json_t       *root;
    json_error_t  e;

    root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &e);

    if (root == NULL) {
        fprintf(why, "%d:%d: ", e.line, e.column);

        /* a line of input may be in it */
        for (rc = 0; e.text[rc]; rc++) {
            fputc(isprint((unsigned char) e.text[rc]) ? e.text[rc] : '?', why);
        }

        return -1;
    }

    rc = vtc_ladder_read(l, root, why);
    json_decref(root);

    return rc;
}


int
vtc_ladder_named(vtc_ladder_t *l, const char *name, FILE *why)
{
    unsigned  i;

    for (i = 0; vtc_ladders[i].name; i++) {
        if (strcmp(vtc_ladders[i].name, name) == 0) {
            return vtc_ladder_parse(l, vtc_ladders[i].text,
                                    strlen(vtc_ladders[i].text), why);
        }
    }

    fputs("there is no ladder of that name, but \"hd\", \"sd\" and \"uhd\"",
          why);

    return -1;
}


/* Adds the rungs of another ladder with a codec that all of them get. */
static int
vtc_ladder_add(vtc_ladder_t *l, const vtc_ladder_t *of,
    const vtc_codec_t *codec, int several)
{
    unsigned     i;
    vtc_rung_t  *r;

    for (i = 0; several && i < l->n; i++) {
        if (strcmp(l->rungs[i].codec, codec->name) == 0) {
            return -1;
        }
    }

    for (i = 0; i < of->n; i++) {

        if (l->n == VTC_RUNGS_MAX) {
            return -1;
        }

        r = &l->rungs[l->n++];
        *r = of->rungs[i];
        strcpy(r->codec, codec->name);

        if (several && strlen(r->name) + strlen(codec->name) + 2
                       > sizeof(r->name))
        {
            return -1;
        }

        if (several) {
            strcat(strcat(r->name, "-"), codec->name);
        }

        r->bitrate = (uint64_t) (r->bitrate * codec->bits);
        r->maxrate = (uint64_t) (r->maxrate * codec->bits);
        r->bufsize = (uint64_t) (r->bufsize * codec->bits);

        /* it is of the codec that was there before */
        r->profile[0] = '\0';
    }

    return 0;
}


int
vtc_ladder_codecs(vtc_ladder_t *l, const char *list, FILE *why)
{
    char                name[8];
    size_t              n;
    const char         *p;
    vtc_ladder_t        all;
    const vtc_codec_t  *codec;

    all = *l;
    all.n = 0;

    for (p = list; /* void */ ; p += n + 1) {
        n = strcspn(p, ",");
        snprintf(name, sizeof(name), "%.*s", (int) n, p);
        codec = n < sizeof(name) ? vtc_codec_find(name) : NULL;

        if (codec == NULL) {
            fprintf(why, "must be a list of " VTC_CODECS);
            return -1;
        }

        if (vtc_ladder_add(&all, l, codec, strchr(list, ',') != NULL) != 0) {
            fprintf(why, "makes more than %d rungs, two of one name, or a too "
                    "long name", VTC_RUNGS_MAX);
            return -1;
        }

        if (p[n] == '\0') {
            break;
        }
    }

    qsort(all.rungs, all.n, sizeof(vtc_rung_t), vtc_ladder_order);
    *l = all;

    return 0;
}


int
vtc_rung_fit(const vtc_rung_t *r, const vtc_shape_t *source,
    vtc_shape_t *fitted)
{
    double    factor, other;
    unsigned  w, h;

    w = r->width;
    h = r->height;

    if ((source->height > source->width) != (h > w)) {
        w = r->height;
        h = r->width;
    }

    factor = (double) w / source->width;
    other = (double) h / source->height;
    factor = other < factor ? other : factor;

    if (factor > VTC_LADDER_ABOVE) {
        return 0;
    }

    if (factor > 1) {
        factor = 1;
    }

    fitted->width = (unsigned) (source->width * factor / 2 + 0.5) * 2;
    fitted->height = (unsigned) (source->height * factor / 2 + 0.5) * 2;

    /* an odd source is not made larger either */

    if (fitted->width > source->width) {
        fitted->width -= 2;
    }

    if (fitted->height > source->height) {
        fitted->height -= 2;
    }

    return fitted->width >= 16 && fitted->height >= 16;
}
