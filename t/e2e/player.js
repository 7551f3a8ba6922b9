#!/usr/bin/env node
/*
 * Copyright (C) ngx_video authors
 *
 * Opens the player page in headless Chromium, plays one address for a while
 * and prints what the page saw as JSON: window.videoStats with
 *
 *     frameCallbacks   frames presented (requestVideoFrameCallback)
 *     backwards        of them with a media time before the one before
 *     largestStep      the longest step of media time between two of them, s
 *     audioBytes       decoded, by the browser's count
 *     meanLatency      from the first frame on, s; null for a file
 *     maxLatency
 *     medianLatency, highLatency
 *                      p50 and p95 of the last two thirds of the time
 *     sizes            of the picture, in their order: width, played (media
 *                      shown with it, s)
 *     requests         answers by HTTP status
 *     refused          status and address of those from 400 on
 *     failedRequests, consoleErrors
 *     fetched          paths of the requests
 *     texts            languages of the text tracks
 *     cues             that were shown, or would have been: start, end, text
 *     seeks            for each: asked, shown (media time of the frame that
 *                      came, null if none did), picture (its number, see
 *                      readPicture), took (ms), goesOn; from: the same media
 *                      time and number of the picture before it
 *     signals          what the player told of events and date ranges: from,
 *                      scheme or ID, time, data (as text)
 *     captions         text tracks of closed captions, with their cues
 *     called           what the code for Shaka, or for dash.js, gave
 *     trick            frames meanwhile: media time, picture
 *     outage           latency before the time without network, and at the end
 *     endedAt          position at the end, null if it never came; duration
 *
 *     player.js --page URL --url URL [--player NAME] [--seconds N]
 *               [--subtitles LANGUAGE] [--shaka CODE] [--dash CODE]
 *               [--seek S,S,...] [--offline S] [--kbits N]
 *               [--levels S] [--licence URL]
 *               [--running] [--end] [--survive] [--change] [--mark FILE]
 *               [--signals]
 *               [--screenshot FILE] [--plays JSON]
 *
 * The seconds count from the first frame, when the marked file is made; without
 * one it waits 15 s.  Or they count from a change of the picture's size, which
 * it waits a minute for.  It stops when the page says that playing has failed,
 * unless it is to find out whether the player survives.  With "kbits" the network
 * gives no more a second from the load of the page on.  With "levels" hls.js has
 * to take another rendition each so many seconds.  The licence is where Clearkey
 * keys are to be had.  Then it may be without
 * network for a while, and plays as many seconds once more.  Then, one
 * after the other: the code, the body of an async function, is run with Shaka's
 * "player" and "video", or with the "player" of dash.js, which needs "signals";
 * it seeks to each position, from a pause unless it is to be running, to a
 * negative one from where it is; it seeks to 1 s before the end and plays to the
 * end.  Plays are an array of such options without the dashes: one after the
 * other in the same browser, a line of JSON for each.
 */
'use strict';

const fs = require('fs');
const { parseArgs } = require('util');
const { chromium } = require('playwright-core');

const FIRST_FRAME_MS = 15000;
const CHANGE_MS = 60000;
const SEEK_MS = 10000;
const END_MS = 15000;

const ARGUMENTS = [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
    '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
    '--disable-dev-shm-usage', '--autoplay-policy=no-user-gesture-required',
    '--disable-backgrounding-occluded-windows',
    '--disable-renderer-backgrounding',
];


/* In the page, before its own scripts. */
function countFrames()
{
    const seen = { frameCallbacks: 0, backwards: 0, largestStep: 0 };

    window.framesSeen = seen;

    document.addEventListener('DOMContentLoaded', () => {
        const video = document.querySelector('video');
        let last = null;

        const next = (now, { mediaTime }) => {
            seen.frameCallbacks++;

            if (last !== null) {
                const step = mediaTime - last;

                seen.backwards += step < 0 ? 1 : 0;
                seen.largestStep = Math.max(seen.largestStep, step);
            }

            last = mediaTime;
            video.requestVideoFrameCallback(next);
        };

        video.requestVideoFrameCallback(next);
    });
}


/* Counts what is played of each size of the picture. */
function countSize(sizes, { width, played })
{
    if (width > 0 && sizes.at(-1)?.width !== width) {
        sizes.push({ width, from: played, played: 0 });
    }

    if (sizes.length) {
        sizes.at(-1).played = played - sizes.at(-1).from;
    }
}


/* Plays; gives the latencies and sizes that the page showed meanwhile. */
async function waitFor(page, { seconds, survive, change, mark })
{
    const started = Date.now();
    const limit = seconds * 1500 + 5000 + (change ? CHANGE_MS : 0);
    const latencies = [];
    const sizes = [];
    let first = null;

    for (;;) {
        const stats = await page.evaluate(() => window.videoStats);
        const { startup, state, played, latency } = stats;
        const now = Date.now();

        if (startup !== null) {
            if (first === null && mark) {
                fs.writeFileSync(mark, '');
            }

            first ??= now;
            countSize(sizes, stats);

            if (latency !== null) {
                latencies.push(latency);
            }
        }

        if ((state === 'failed' && !survive) || state === 'ended'
            || (change ? sizes.length > 1 && sizes.at(-1).played >= seconds
                : played >= seconds)
            || (first === null && now - started > FIRST_FRAME_MS)
            || (first !== null && now - first > limit))
        {
            return { latencies, sizes };
        }

        await new Promise((done) => setTimeout(done, 100));
    }
}


/*
 * In the page: chooses subtitles in the form when they appear there, and keeps
 * the cues that are shown, because players take them away again.
 */
function showSubtitles(language)
{
    const video = document.querySelector('video');
    const select = document.querySelector('#subtitles');
    const cues = new Map();
    let chosen = false;

    window.subtitlesSeen = cues;

    setInterval(() => {
        const option = [...select.options].find(
            (one) => one.text === language);

        if (option && !chosen) {
            chosen = true;
            select.value = option.value;
            select.dispatchEvent(new Event('change'));
        }

        for (const track of video.textTracks) {
            if (track.mode !== 'showing') {
                continue;
            }

            for (const { startTime, endTime, text } of track.cues || []) {
                const cue = { start: startTime, end: endTime, text };

                cues.set(JSON.stringify(cue), cue);
            }
        }
    }, 200);
}


/*
 * In the page: seeks, which is done when a frame of that time is presented (or
 * time goes on, where there is only sound), then plays on.  The picture is
 * looked at while it stands: on its way it may be one later than what the
 * callback is told.
 */
async function seekTo({ to, limit, running })
{
    const video = document.querySelector('video');
    const wait = (ms) => new Promise((done) => setTimeout(done, ms));

    if (!running) {
        video.pause();
        await wait(100);
    }

    const started = performance.now();
    const left = () => limit - (performance.now() - started);
    const asked = to < 0 ? video.currentTime + to : to;
    const seen = { asked, shown: null, picture: null, took: null,
                   goesOn: false, from: { shown: video.currentTime,
                                          picture: window.readPicture() } };

    if (video.videoWidth > 0) {
        const next = (now, { mediaTime }) => {
            if (Math.abs(mediaTime - asked) < 0.3) {
                seen.shown = mediaTime;
                seen.picture = window.readPicture();
                return;
            }

            video.requestVideoFrameCallback(next);
        };

        video.requestVideoFrameCallback(next);
    }

    video.currentTime = asked;

    while (left() > 0 && video.videoWidth > 0 && seen.shown === null) {
        await wait(20);
    }

    video.play().catch(() => {});

    while (left() > 0 && !(seen.goesOn = video.currentTime > asked + 0.2
                                         && !video.seeking))
    {
        await wait(20);
    }

    if (seen.goesOn && video.videoWidth === 0) {
        seen.shown = video.currentTime;
    }

    seen.took = Math.round(performance.now() - started);
    return seen;
}


/* In the page, before its own scripts: hls.js goes from level to level. */
function turnLevels(seconds)
{
    let value;

    Object.defineProperty(window, 'Hls', {
        configurable: true,
        get: () => value,
        set: (Hls) => {
            value = class extends Hls {
                constructor(config)
                {
                    super(config);

                    setInterval(() => {
                        if (this.levels.length) {
                            this.loadLevel = (this.loadLevel + 1)
                                             % this.levels.length;
                        }
                    }, 1000 * seconds);
                }
            };
        },
    });
}


/*
 * In the page, before its own scripts: the number of the picture that is
 * shown.  The lowest quarter of the test pictures has it in twelve columns,
 * the lowest bit first, white or black.
 */
function definePicture()
{
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d', { willReadFrequently: true });
    const BITS = 12;

    canvas.width = 20 * BITS;
    canvas.height = 80;

    window.readPicture = () => {
        const video = document.querySelector('video');
        let picture = 0;

        context.drawImage(video, 0, 0, canvas.width, canvas.height);

        for (let i = 0; i < BITS; i++) {
            const [red] = context.getImageData(20 * i + 10, 70, 1, 1).data;

            picture += red > 128 ? 2 ** i : 0;
        }

        return picture;
    };
}


/*
 * In the page, before its own scripts: keeps what the players tell of events,
 * whose constructors are wrapped when they appear.
 */
function keepSignals()
{
    const signals = [];
    const text = (data) => Array.from(data || [], (byte) =>
        String.fromCharCode(byte)).join('');
    const keep = (from, name, time, data) => signals.push(
        { from, name, time, data });
    const when = (name, wrap) => {
        let value;

        Object.defineProperty(window, name, {
            configurable: true,
            get: () => value,
            set: (given) => {
                value = given && wrap(given);
            },
        });
    };

    window.signalsSeen = signals;

    when('Hls', (Hls) => class extends Hls {
        constructor(config)
        {
            super(config);

            this.on(Hls.Events.FRAG_PARSING_METADATA, (event, { samples }) => {
                samples.forEach(({ type, pts, data }) => keep(
                    'metadata', type, pts, text(data)));
            });

            this.on(Hls.Events.FRAG_PARSING_USERDATA, (event, { samples }) => {
                samples.filter(({ bytes }) => bytes).forEach((sample) => keep(
                    'captions', sample.type, sample.pts, text(sample.bytes)));
            });

            this.on(Hls.Events.LEVEL_UPDATED, (event, { details }) => {
                Object.values(details.dateRanges).forEach((range) => keep(
                    'dateRange', range.id, range.startTime,
                    JSON.stringify(range.attr)));
            });
        }
    });

    when('dashjs', (dashjs) => {
        const MediaPlayer = () => ({
            create() {
                const player = dashjs.MediaPlayer().create();

                window.dashPlayer = player;

                ['urn:scte:scte35:2013:bin', 'https://aomedia.org/emsg/ID3']
                    .forEach((scheme) => player.on(scheme, ({ event }) => keep(
                        'event', scheme, event.calculatedPresentationTime,
                        text(event.messageData))));

                return player;
            },
        });

        return { ...dashjs,
                 MediaPlayer: Object.assign(MediaPlayer, dashjs.MediaPlayer) };
    });

    when('shaka', (shaka) => {
        const { attach } = shaka.Player.prototype;

        shaka.Player.prototype.attach = function (...args) {
            this.addEventListener('emsg', ({ detail }) => keep(
                'emsg', detail.schemeIdUri, detail.startTime,
                text(detail.messageData)));
            this.addEventListener('metadata', (event) => keep(
                'metadata', event.metadataType, event.startTime,
                JSON.stringify(event.payload)));

            return attach.apply(this, args);
        };

        return shaka;
    });
}


/* In the page: closed captions, which hls.js and browsers have as tracks. */
function readCaptions()
{
    return [...document.querySelector('video').textTracks].filter(
        ({ kind }) => kind === 'captions').map((track) => {
        track.mode = track.mode === 'disabled' ? 'hidden' : track.mode;

        return {
            label: track.label, language: track.language,
            cues: [...(track.cues || [])].map((cue) => cue.text),
        };
    });
}


/* In the page: plays the last second; where it ended. */
async function playToEnd(limit)
{
    const video = document.querySelector('video');
    const started = performance.now();

    video.currentTime = video.duration - 1;
    video.play().catch(() => {});

    while (!video.ended && performance.now() - started < limit) {
        await new Promise((done) => setTimeout(done, 20));
    }

    return {
        endedAt: video.ended ? video.currentTime : null,
        duration: video.duration,
    };
}


/*
 * In the page: runs code with Shaka's player, which the page asks ten times a
 * second whether it is live; from then on keeps the frames.
 */
async function callShaka(code)
{
    const { prototype } = window.shaka.Player;
    const { isLive } = prototype;
    const player = await new Promise((done) => {
        prototype.isLive = function () {
            done(this);
            return isLive.call(this);
        };
    });
    const video = document.querySelector('video');
    const frames = [];
    const next = (now, { mediaTime }) => {
        frames.push([mediaTime, window.readPicture()]);
        video.requestVideoFrameCallback(next);
    };

    prototype.isLive = isLive;
    window.trickSeen = frames;
    video.requestVideoFrameCallback(next);

    const run = new (async () => {}).constructor('player', 'video', code);

    return await run(player, video) ?? null;
}


/* In the page: the same with the player of dash.js, of the signals. */
async function callDash(code)
{
    const run = new (async () => {}).constructor('player', code);

    return await run(window.dashPlayer) ?? null;
}


/* What is asked for beyond playing: the code, the seeks, the end. */
async function doMore(page, values)
{
    const seen = { seeks: [], trick: [] };
    const state = await page.evaluate(() => window.videoStats.state);

    if (state === 'failed') {
        return seen;
    }

    if (values.shaka) {
        seen.called = await page.evaluate(callShaka, values.shaka);
        seen.trick = await page.evaluate(() => window.trickSeen);
    }

    if (values.dash) {
        seen.called = await page.evaluate(callDash, values.dash);
    }

    for (const to of (values.seek || '').split(',').filter(Boolean)) {
        seen.seeks.push(await page.evaluate(seekTo, {
            to: Number(to), limit: SEEK_MS, running: values.running,
        }));
    }

    if (values.end) {
        Object.assign(seen, await page.evaluate(playToEnd, END_MS));
    }

    return seen;
}


function summary(latencies)
{
    const n = latencies.length;
    const sum = latencies.reduce((a, b) => a + b, 0);

    return {
        meanLatency: n ? sum / n : null,
        maxLatency: n ? Math.max(...latencies) : null,
        medianLatency: percentile(latencies, 0.5),
        highLatency: percentile(latencies, 0.95),
    };
}


/* Of what comes after a third, when a player has found its place. */
function percentile(latencies, share)
{
    const settled = latencies.slice(latencies.length / 3)
        .sort((a, b) => a - b);

    return settled[Math.floor(share * settled.length)] ?? null;
}


/* Keeps what the page asks for, and what it has to say. */
function listen(page, origin)
{
    const seen = {
        requests: {}, refused: [], failedRequests: [], consoleErrors: [],
        fetched: [],
    };

    page.on('pageerror', (error) => {
        seen.consoleErrors.push(String(error.message).slice(0, 300));
    });
    page.on('console', (message) => {
        if (message.type() === 'error') {
            seen.consoleErrors.push(message.text().slice(0, 300));
        }
    });
    page.on('requestfailed', (request) => {
        const text = request.failure()?.errorText;

        if (text !== 'net::ERR_ABORTED') {
            seen.failedRequests.push(`${request.url()} ${text}`);
        }
    });
    page.on('response', (response) => {
        if (response.url().startsWith(origin)) {
            const status = response.status();

            seen.requests[status] = (seen.requests[status] || 0) + 1;
            seen.fetched.push(response.url().slice(origin.length));

            if (status >= 400) {
                seen.refused.push(`${status} ${response.url()}`);
            }
        }
    });

    return seen;
}


/* Takes the network away for a while; plays on.  Latencies before and after. */
async function loseNetwork(context, page, values)
{
    const state = () => page.evaluate(() => window.videoStats);
    const { latency: before, played } = await state();

    await context.setOffline(true);
    await new Promise((done) => setTimeout(done, values.offline * 1000));
    await context.setOffline(false);
    await waitFor(page, { ...values, survive: true,
                          seconds: played + Number(values.seconds) });

    return { before, after: (await state()).latency };
}


async function slowDown(context, page, kbits)
{
    const session = await context.newCDPSession(page);

    await session.send('Network.enable');
    await session.send('Network.emulateNetworkConditions', {
        offline: false, latency: 10, downloadThroughput: kbits * 125,
        uploadThroughput: -1,
    });
}


/* One play in a context of its own, so that nothing is in the cache. */
async function play(browser, values)
{
    const context = await browser.newContext({
        viewport: { width: 1280, height: 800 },
    });

    try {
        const page = await context.newPage();
        const seen = listen(page, new URL(values.url, values.page).origin);
        const query = new URLSearchParams({
            url: values.url, player: values.player, muted: '1', autoplay: '1',
        });

        if (values.licence) {
            query.set('licence', values.licence);
        }

        await page.addInitScript(countFrames);
        await page.addInitScript(definePicture);

        if (values.signals) {
            await page.addInitScript(keepSignals);
        }

        if (values.levels) {
            await page.addInitScript(turnLevels, Number(values.levels));
        }

        await page.goto(`${values.page}?${query}`);

        if (values.kbits) {
            await slowDown(context, page, Number(values.kbits));
        }

        await page.evaluate(showSubtitles, values.subtitles);

        const { latencies, sizes } = await waitFor(page, values);
        const outage = values.offline
            ? await loseNetwork(context, page, values) : null;

        const stats = await page.evaluate(() => ({
            ...window.videoStats,
            ...window.framesSeen,
            audioBytes:
                document.querySelector('video').webkitAudioDecodedByteCount,
            texts: [...document.querySelector('video').textTracks].map(
                (track) => track.language),
            cues: [...(window.subtitlesSeen?.values() || [])],
            signals: window.signalsSeen || [],
            message: document.querySelector('#message').hidden ? ''
                : document.querySelector('#message p').textContent,
        }));
        const captions = await page.evaluate(readCaptions);
        const more = await doMore(page, values);
        const errors = await page.evaluate(() => window.videoStats.errors);

        if (values.screenshot) {
            await page.screenshot({ path: values.screenshot });
        }

        return { ...stats, captions, ...more, errors, sizes, outage,
                 ...summary(latencies), ...seen };

    } finally {
        await context.close();
    }
}


async function main()
{
    const { values } = parseArgs({
        options: {
            page: { type: 'string' },
            url: { type: 'string' },
            player: { type: 'string', default: 'auto' },
            seconds: { type: 'string', default: '5' },
            subtitles: { type: 'string' },
            shaka: { type: 'string' },
            dash: { type: 'string' },
            seek: { type: 'string' },
            running: { type: 'boolean' },
            end: { type: 'boolean' },
            survive: { type: 'boolean' },
            change: { type: 'boolean' },
            mark: { type: 'string' },
            signals: { type: 'boolean' },
            offline: { type: 'string' },
            kbits: { type: 'string' },
            levels: { type: 'string' },
            licence: { type: 'string' },
            screenshot: { type: 'string' },
            plays: { type: 'string' },
        },
    });

    const plays = values.plays ? JSON.parse(values.plays) : [{}];
    const browser = await chromium.launch({
        executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
        headless: true,
        args: ARGUMENTS,
    });

    try {
        for (const one of plays) {
            const seen = play(browser, { ...values, ...one });

            console.log(JSON.stringify(await seen.catch((error) => ({
                errors: [{ text: String(error), fatal: true }],
            }))));
        }

    } finally {
        await browser.close();
    }
}


main().catch((error) => {
    console.error(error);
    process.exitCode = 1;
});
