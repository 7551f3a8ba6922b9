# Links every module to the core module, so that any load order works and a
# missing core is one clear line instead of "undefined symbol".  The rtmp
# module needs the ingest module too.  $ORIGIN would not survive the evals of
# auto/module, so the flags are a make variable.

if [ -n "$VIDEO_LINK" ]; then

cat << END                                                    >> $NGX_MAKEFILE

VIDEO_LINK = -L$NGX_OBJS -Wl,--no-as-needed -l:ngx_video_core_module.so \\
	-Wl,-rpath,'\$\$ORIGIN'
VIDEO_INGEST_LINK = -l:ngx_video_ingest_module.so

$NGX_OBJS/ngx_video_ingest_module.so: $NGX_OBJS/ngx_video_core_module.so
$NGX_OBJS/ngx_stream_video_rtmp_module.so: $NGX_OBJS/ngx_video_ingest_module.so
$NGX_OBJS/ngx_http_video_hls_module.so: $NGX_OBJS/ngx_video_core_module.so
$NGX_OBJS/ngx_video_drm_module.so: $NGX_OBJS/ngx_video_core_module.so

END

fi
