/*
 * Copyright (C) ngx_video authors
 *
 * Captions in SEI messages.  The texts are in nvm_captions_text.c.
 */

#include "nvm_captions.h"


/* payloadType of user_data_registered_itu_t_t35 (ITU-T H.264, D.1.1) */
#define NVM_SEI_T35             4

/* itu_t_t35_country_code and _provider_code of ATSC, user_identifier "GA94" */
#define NVM_T35_USA             0xb5
#define NVM_T35_ATSC            0x0031
#define NVM_T35_GA94            0x47413934
#define NVM_T35_CAPTIONS        3           /* user_data_type_code: cc_data */
#define NVM_T35_HEAD            10          /* bytes up to the first triplet */

/* process_cc_data_flag, cc_count */
#define NVM_CC_PROCESS          0x40
#define NVM_CC_COUNT            0x1f

/* cc_type (CEA-708, table 3) */
#define NVM_CC_PACKET           3           /* a packet of CEA-708 begins */

/* An extended service number follows in a byte of its own (CEA-708, 6.2.2). */
#define NVM_CC_EXTENDED         7


static unsigned
nvm_captions_odd(unsigned byte)
{
    return (unsigned) __builtin_popcount(byte) & 1;
}


/*
 * A pair of CEA-608 of field 1 or 2: RCL, RU2, RU3, RU4, RDC and EOC show
 * captions in the channel that they name.
 */
static void
nvm_captions_pair(nvm_captions_t *c, unsigned field, unsigned a, unsigned b)
{
    unsigned  channel;

    if (!nvm_captions_odd(a) || !nvm_captions_odd(b)) {
        return;
    }

    channel = (field - 1) * 2 + (a >> 3 & 1);

    /* in field 2 the command codes are one more */
    if ((a & 0x76) != 0x14) {
        return;
    }

    switch (b & 0x7f) {

    case 0x20:
    case 0x25:
    case 0x26:
    case 0x27:
    case 0x29:
    case 0x2f:
        c->channels |= (uint8_t) (1u << channel);
        break;

    default:
        break;
    }
}


/*
 * The beginning of a packet of CEA-708: its header, and the header of the first
 * block; "next" is the byte after it.
 */
static void
nvm_captions_packet(nvm_captions_t *c, unsigned block, unsigned next)
{
    unsigned  service, size;

    service = block >> 5;
    size = block & 0x1f;

    if (service == NVM_CC_EXTENDED && size) {
        service = next & 0x3f;
    }

    if (service && size) {
        c->services |= 1ULL << service;
    }
}


/* cc_data(): triplets of type and two bytes, as far as they are there. */
static void
nvm_captions_data(nvm_captions_t *c, nvm_bits_t *b, unsigned count)
{
    unsigned  head, type, x, y, block;

    /* the second byte of a packet's first triplet, until the next has come */
    block = 0;

    while (count--) {
        head = nvm_bits_u(b, 8);
        x = nvm_bits_u(b, 8);
        y = nvm_bits_u(b, 8);

        if (b->error) {
            return;
        }

        type = head & 3;

        if ((head & 4) == 0) {
            continue;
        }

        c->present = 1;

        if (block) {
            nvm_captions_packet(c, block, type < NVM_CC_PACKET ? x : 0);
            block = 0;
        }

        if (type == NVM_CC_PACKET) {
            block = y;

        } else if (type < 2) {
            nvm_captions_pair(c, type + 1, x, y);
        }
    }

    nvm_captions_packet(c, block, 0);
}


void
nvm_captions_sei(nvm_captions_t *c, const nvm_sei_t *sei)
{
    unsigned    count;
    nvm_bits_t  b;

    b = sei->message;

    if (sei->type != NVM_SEI_T35 || sei->size < NVM_T35_HEAD
        || nvm_bits_u(&b, 8) != NVM_T35_USA
        || nvm_bits_u(&b, 16) != NVM_T35_ATSC
        || nvm_bits_u(&b, 32) != NVM_T35_GA94
        || nvm_bits_u(&b, 8) != NVM_T35_CAPTIONS)
    {
        return;
    }

    count = nvm_bits_u(&b, 8);
    nvm_bits_skip(&b, 8);       /* em_data */

    if ((count & NVM_CC_PROCESS) == 0) {
        return;
    }

    count &= NVM_CC_COUNT;

    if (count * 3 > sei->size - NVM_T35_HEAD) {
        count = (sei->size - NVM_T35_HEAD) / 3;
    }

    nvm_captions_data(c, &b, count);
}


unsigned
nvm_captions_add(nvm_captions_t *a, const nvm_captions_t *b)
{
    if ((b->services & ~a->services) == 0 && (b->channels & ~a->channels) == 0
        && a->present >= b->present)
    {
        return 0;
    }

    a->services |= b->services;
    a->channels |= b->channels;
    a->present |= b->present;

    return 1;
}
