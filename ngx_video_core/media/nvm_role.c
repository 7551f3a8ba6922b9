/*
 * Copyright (C) ngx_video authors
 *
 * What a track is for, in the words of DASH and of HLS.
 */

#include <stddef.h>
#include <string.h>

#include "nvm_role.h"


static const struct {
    const char  *name;
    const char  *characteristics;
    const char  *purpose;
} nvm_roles[NVM_ROLES] = {
    { NULL, NULL, NULL },
    { "main", NULL, NULL },
    { "alternate", NULL, NULL },
    { "commentary", NULL, NULL },
    { "dub", NULL, NULL },

    /* for people who can't see */
    { "description", "public.accessibility.describes-video", "1" },

    /* for people who can't hear */
    { "caption", "public.accessibility.transcribes-spoken-dialog,"
                 "public.accessibility.describes-music-and-sound", "2" },

    { "subtitle", NULL, NULL },
    { "forced-subtitle", NULL, NULL },
    { "easyreader", "public.easy-to-read", NULL }
};


/* A role may come from shared memory: any number is safe. */
static size_t
nvm_role_index(nvm_role_e role)
{
    return (size_t) role < NVM_ROLES ? (size_t) role : NVM_ROLE_NONE;
}


const char *
nvm_role_name(nvm_role_e role)
{
    return nvm_roles[nvm_role_index(role)].name;
}


nvm_role_e
nvm_role_find(const char *name)
{
    size_t  i;

    for (i = NVM_ROLE_NONE + 1; i < NVM_ROLES; i++) {
        if (strcmp(nvm_roles[i].name, name) == 0) {
            return (nvm_role_e) i;
        }
    }

    return NVM_ROLE_NONE;
}


const char *
nvm_role_characteristics(nvm_role_e role)
{
    return nvm_roles[nvm_role_index(role)].characteristics;
}


const char *
nvm_role_purpose(nvm_role_e role)
{
    return nvm_roles[nvm_role_index(role)].purpose;
}
