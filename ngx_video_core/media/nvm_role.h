/*
 * Copyright (C) ngx_video authors
 *
 * What a track is for: the roles of DASH (ISO/IEC 23009-1, 5.8.5.5), and what
 * HLS has for them.
 */

#ifndef NVM_ROLE_H
#define NVM_ROLE_H


/* The numbers are kept in shared memory. */
typedef enum {
    NVM_ROLE_NONE = 0,
    NVM_ROLE_MAIN,
    NVM_ROLE_ALTERNATE,
    NVM_ROLE_COMMENTARY,
    NVM_ROLE_DUB,
    NVM_ROLE_DESCRIPTION,
    NVM_ROLE_CAPTION,           /* from here on: of text alone */
    NVM_ROLE_SUBTITLE,
    NVM_ROLE_FORCED_SUBTITLE,
    NVM_ROLE_EASYREADER,
    NVM_ROLES
} nvm_role_e;


/* The value in urn:mpeg:dash:role:2011; NULL for NONE and what is no role. */
const char *nvm_role_name(nvm_role_e role);

/* The role of that name, or NONE. */
nvm_role_e nvm_role_find(const char *name);

/* CHARACTERISTICS of EXT-X-MEDIA (RFC 8216bis, 4.4.6.1), or NULL. */
const char *nvm_role_characteristics(nvm_role_e role);

/*
 * The purpose as Accessibility descriptors tell it, a term of
 * urn:tva:metadata:cs:AudioPurposeCS:2007 (ETSI TS 103 285, 6.1.2, 7.1.2), or
 * NULL.
 */
const char *nvm_role_purpose(nvm_role_e role);


#endif /* NVM_ROLE_H */
