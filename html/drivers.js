/*
 * Copyright (C) ngx_video authors
 *
 * The players behind the page.  Each takes ({ video, report, mute }, url),
 * starts to play into the video element and gives an object:
 *
 *     name
 *     live()
 *     latency()        seconds behind the source, or null
 *     level()          what is played, or null
 *     texts()          languages or names of subtitles, in their order
 *     text             the number of those that are shown, -1: none
 *     destroy()
 *     starts           true if it calls video.play() itself (dash.js misses the
 *                      event that starts its timers when another one calls it)
 *
 * report(text, fatal, status) is called for errors, mute() when the browser
 * refuses to play sound.
 */

const scripts = {};


function loadScript(src)
{
    scripts[src] ||= new Promise((done, fail) => {
        const element = document.createElement('script');

        element.src = src;
        element.onload = done;
        element.onerror = () => {
            delete scripts[src];
            fail(new Error(`${src} is missing: run "./build.sh deps"`));
        };
        document.head.append(element);
    });

    return scripts[src];
}


/* The key system whose licences anybody may make. */
const CLEARKEY = 'org.w3.clearkey';


/* How subtitles are called: hls.js and Shaka, dash.js. */
function label(track, index)
{
    return track.name || track.label || track.language || track.lang
           || `${index + 1}`;
}


/*
 * hls.js plays a little faster when it is up to a few seconds late; after a long
 * stall, or a slow start, it stays as late as it is.  So it goes back to where
 * low latency is, unless it was the viewer who went away from there.
 */
function followEdge(hls, video, signal)
{
    const again = 5000;         /* not more often, ms */
    let follows = true;
    let position = 0;
    let jumped = -again;

    video.addEventListener('timeupdate', () => {
        const details = hls.latestLevelDetails;

        position = video.currentTime;

        if (!details?.live) {
            return;
        }

        /* hls.latency is that of the last time that hls.js looked */
        const late = details.edge + details.age - position
                     > hls.targetLatency + details.targetduration;

        if (!late) {
            follows = true;

        } else if (follows && details.age < details.targetduration
                   && performance.now() - jumped > again)
        {
            jumped = performance.now();
            video.currentTime = hls.liveSyncPosition;
        }
    }, { signal });

    video.addEventListener('seeking', () => {
        if (video.currentTime < position - 1) {
            follows = false;
        }
    }, { signal });

    video.addEventListener('pause', () => {
        follows = false;
    }, { signal });
}


async function startHls({ video, report, licence }, url)
{
    await loadScript('lib/hls.js');

    if (!Hls.isSupported()) {
        throw new Error('this browser has no Media Source Extensions');
    }

    /*
     * No backBufferLength: while hls.js empties the buffer behind the picture
     * it forgets the part that it is about to have parsed.
     */
    const hls = new Hls({
        lowLatencyMode: true,
        maxLiveSyncPlaybackRate: 1.1,
        emeEnabled: !!licence,
        drmSystems: licence ? { [CLEARKEY]: { licenseUrl: licence } } : {},
    });
    const ended = new AbortController();
    let recovered = 0;

    hls.on(Hls.Events.ERROR, (event, data) => {
        /* a request that hls.js itself gave up: a seek, its own over a hole too */
        if (!data.fatal && data.details === Hls.ErrorDetails.INTERNAL_ABORTED) {
            return;
        }

        const code = data.response?.code;
        const text = data.details + (code ? `, HTTP ${code}` : '')
                     + (data.error ? `: ${data.error.message}` : '');

        if (data.fatal && data.type === Hls.ErrorTypes.MEDIA_ERROR
            && recovered++ === 0)
        {
            report(text, false);
            hls.recoverMediaError();
            return;
        }

        report(text, data.fatal, code);
    });

    followEdge(hls, video, ended.signal);
    hls.loadSource(url);
    hls.attachMedia(video);

    const current = () => hls.levels[hls.currentLevel];
    const live = () => !!current()?.details?.live;

    return {
        name: `hls.js ${Hls.version}`,
        live,
        latency() {
            if (!live()) {
                return null;
            }

            /* by the clock when the playlist has dates, else by the edge */
            return hls.playingDate ? (Date.now() - hls.playingDate) / 1000
                                   : hls.latency;
        },
        level() {
            const level = current();

            return level && {
                index: hls.currentLevel,
                count: hls.levels.length,
                bitrate: level.bitrate,
                codecs: level.attrs.CODECS,
            };
        },
        texts: () => hls.subtitleTracks.map(label),
        get text() {
            return hls.subtitleDisplay ? hls.subtitleTrack : -1;
        },
        set text(index) {
            hls.subtitleDisplay = index >= 0;
            hls.subtitleTrack = index;
        },
        destroy() {
            ended.abort();
            hls.destroy();
        },
    };
}


async function startDash({ video, report, mute, licence }, url)
{
    await loadScript('lib/dash.js');

    const player = dashjs.MediaPlayer().create();
    const events = dashjs.MediaPlayer.events;

    player.initialize();
    player.updateSettings({
        debug: { logLevel: dashjs.Debug.LOG_LEVEL_NONE },
        streaming: {
            liveCatchup: { enabled: true },
            text: { defaultEnabled: false },
        },
    });

    /* the clock is the manifest's business, not that of a server abroad */
    player.clearDefaultUTCTimingSources();

    player.on(events.ERROR, ({ error }) => {
        const code = error?.data?.response?.status;

        report(`${error?.message || error} (${error?.code})`, true, code);
    });
    player.on(events.PLAYBACK_ERROR, ({ error }) => {
        report(error?.message || `media error ${error?.code}`, true);
    });

    player.on(events.PLAYBACK_NOT_ALLOWED, () => {
        mute();
        player.play();
    });

    if (licence) {
        player.setProtectionData({ [CLEARKEY]: { serverURL: licence } });
    }

    player.attachView(video);
    player.setAutoPlay(true);
    player.attachSource(url);

    const guarded = (ask) => {
        try {
            return ask() ?? null;
        } catch {
            return null;                /* not ready yet */
        }
    };
    const live = () => guarded(() => player.isDynamic()) || false;

    return {
        name: `dash.js ${player.getVersion()}`,
        starts: true,
        live,
        latency: () => (live() ? guarded(() => player.getCurrentLiveLatency())
                               : null),
        level: () => guarded(() => {
            const now = player.getCurrentRepresentationForType('video');
            const all = player.getRepresentationsByType('video');
            const audio = player.getCurrentRepresentationForType('audio');

            return now && {
                index: all.findIndex((one) => one.id === now.id),
                count: all.length,
                bitrate: now.bandwidth + (audio?.bandwidth || 0),
                codecs: [now, audio].filter(Boolean).map(
                    (one) => /codecs="([^"]*)"/.exec(one.mimeType
                             + ';' + one.codecs)?.[1] || one.codecs).join(),
            };
        }),
        texts: () => (guarded(() => player.getTracksFor('text')) || []).map(
            label),
        get text() {
            return guarded(() => player.getCurrentTextTrackIndex()) ?? -1;
        },
        set text(index) {
            player.setTextTrack(index);
        },
        destroy: () => player.destroy(),
    };
}


async function startShaka({ video, report, licence }, url)
{
    await loadScript('lib/shaka.js');

    shaka.polyfill.installAll();

    if (!shaka.Player.isBrowserSupported()) {
        throw new Error('this browser has no Media Source Extensions');
    }

    const player = new shaka.Player();
    const failed = (error) => {
        const { BAD_HTTP_STATUS } = shaka.util.Error.Code;
        const status = error.code === BAD_HTTP_STATUS ? error.data[1] : 0;

        if (error.code !== shaka.util.Error.Code.LOAD_INTERRUPTED) {
            report(`Shaka error ${error.code || error.message}`
                   + (status ? `, HTTP ${status}` : ''),
                   error.severity !== shaka.util.Error.Severity.RECOVERABLE,
                   status);
        }
    };

    await player.attach(video);
    player.configure({
        streaming: { lowLatencyMode: true },
        drm: { servers: licence ? { [CLEARKEY]: licence } : {} },
    });
    player.addEventListener('error', (event) => failed(event.detail));
    player.load(url).catch(failed);

    return {
        name: `Shaka ${shaka.Player.version}`,
        live: () => player.isLive(),
        latency: () => (player.isLive() ? player.getStats().liveLatency || null
                                        : null),
        level() {
            const all = player.getVariantTracks();
            const index = all.findIndex((one) => one.active);

            return index < 0 ? null : {
                index,
                count: all.length,
                bitrate: all[index].bandwidth,
                codecs: all[index].codecs,
            };
        },
        texts: () => player.getTextTracks().map(label),
        get text() {
            return player.getTextTracks().findIndex((one) => one.active);
        },
        set text(index) {
            player.selectTextTrack(player.getTextTracks()[index] ?? null);
        },
        destroy: () => player.destroy(),
    };
}


async function startNative({ video }, url)
{
    video.src = url;

    return {
        name: 'browser',
        live: () => video.duration === Infinity,
        latency: () => null,
        level: () => null,
        texts: () => [...video.textTracks].map(label),
        get text() {
            return [...video.textTracks].findIndex(
                (one) => one.mode === 'showing');
        },
        set text(index) {
            [...video.textTracks].forEach((one, i) => {
                one.mode = i === index ? 'showing' : 'disabled';
            });
        },
        destroy() {
            video.removeAttribute('src');
            video.load();
        },
    };
}


export const drivers = {
    hls: startHls,
    dash: startDash,
    shaka: startShaka,
    native: startNative,
};
