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
 *     requests         answers by HTTP status
 *     refused          status and address of those from 400 on
 *     failedRequests, consoleErrors
 *     texts            languages of the text tracks
 *     cues             that were shown, or would have been: start, end, text
 *
 *     player.js --page URL --url URL [--player NAME] [--seconds N]
 *               [--subtitles LANGUAGE] [--screenshot FILE]
 *
 * The seconds count from the first frame; without one it waits 15 s.
 */
'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { parseArgs } = require('util');
const { chromium } = require('playwright-core');

const FIRST_FRAME_MS = 15000;

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


/* Plays; gives the latencies that the page showed meanwhile. */
async function waitFor(page, seconds)
{
    const started = Date.now();
    const latencies = [];
    let first = null;

    for (;;) {
        const { startup, state, played, latency } = await page.evaluate(
            () => window.videoStats);
        const now = Date.now();

        if (startup !== null) {
            first ??= now;

            if (latency !== null) {
                latencies.push(latency);
            }
        }

        if (state === 'failed' || state === 'ended' || played >= seconds
            || (first === null && now - started > FIRST_FRAME_MS)
            || (first !== null && now - first > seconds * 1500 + 5000))
        {
            return latencies;
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


function summary(latencies)
{
    const n = latencies.length;
    const sum = latencies.reduce((a, b) => a + b, 0);

    return {
        meanLatency: n ? sum / n : null,
        maxLatency: n ? Math.max(...latencies) : null,
    };
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
            screenshot: { type: 'string' },
        },
    });

    const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'ngx-video-e2e-'));
    const browser = await chromium.launchPersistentContext(profile, {
        executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
        headless: true,
        args: ARGUMENTS,
        viewport: { width: 1280, height: 800 },
    });

    const seen = {
        requests: {}, refused: [], failedRequests: [], consoleErrors: [],
    };

    try {
        const page = browser.pages()[0] || await browser.newPage();
        const origin = new URL(values.url, values.page).origin;
        const query = new URLSearchParams({
            url: values.url, player: values.player, muted: '1', autoplay: '1',
        });

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

                if (status >= 400) {
                    seen.refused.push(`${status} ${response.url()}`);
                }
            }
        });

        await page.addInitScript(countFrames);
        await page.goto(`${values.page}?${query}`);

        await page.evaluate(showSubtitles, values.subtitles);

        const latencies = await waitFor(page, Number(values.seconds));

        const stats = await page.evaluate(() => ({
            ...window.videoStats,
            ...window.framesSeen,
            audioBytes:
                document.querySelector('video').webkitAudioDecodedByteCount,
            texts: [...document.querySelector('video').textTracks].map(
                (track) => track.language),
            cues: [...(window.subtitlesSeen?.values() || [])],
            message: document.querySelector('#message').hidden ? ''
                : document.querySelector('#message p').textContent,
        }));

        if (values.screenshot) {
            await page.screenshot({ path: values.screenshot });
        }

        console.log(JSON.stringify({
            ...stats, ...summary(latencies), ...seen,
        }));

    } finally {
        await browser.close();
        fs.rmSync(profile, { recursive: true, force: true });
    }
}


main().catch((error) => {
    console.error(error);
    process.exitCode = 1;
});
